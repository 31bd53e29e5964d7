/**
 * When an arriving frame becomes visible. A display is made for each turn and is told of each `frame`;
 * it calls `show` with all the text visible so far, until `end`, which the reply (or an error) brings.
 * Nothing here touches the page: time comes in as `timer`, which has setTimeout and clearTimeout.
 */

/** Frames are visible as they arrive. */
export class DirectDisplay {
  #show;
  #text = "";

  constructor(show) {
    this.#show = show;
  }

  frame(text) {
    this.#text += text;
    this.#show(this.#text);
  }

  end() {}
}

/**
 * Frames are visible as in aws-lex-web-ui (store/actions.js, typingWsMessages): each frame from the second on
 * arms one timer, and timer k shows frame k. So frame n is seen half a second after frame n+1 arrived, the last
 * frame never, and a lone frame never.
 */
export class LexWebUiDisplay {
  static DELAY_MS = 500;
  static IGNORED = "/stop/";

  #show;
  #timer;
  #frames = [];
  #visible = 0;
  #pending = new Set();

  constructor(show, timer = globalThis) {
    this.#show = show;
    this.#timer = timer;
  }

  frame(text) {
    if (text === LexWebUiDisplay.IGNORED) return;
    this.#frames.push(text);
    if (this.#frames.length > 1) this.#arm();
  }

  end() {
    this.#pending.forEach((id) => this.#timer.clearTimeout(id));
    this.#pending.clear();
  }

  #arm() {
    const id = this.#timer.setTimeout(() => {
      this.#pending.delete(id);
      this.#visible += 1;
      this.#show(this.#frames.slice(0, this.#visible).join(""));
    }, LexWebUiDisplay.DELAY_MS);
    this.#pending.add(id);
  }
}
