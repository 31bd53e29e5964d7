/** The conversation shown. A reply under way is one bubble that grows, and is replaced by the reply's own bubbles. */

import { copyButton, GrowingMarkdown, rendered } from "./markdown.js";

const NEAR_END_PX = 60;

export class Transcript {
  #scroll;
  #log;
  #welcome;
  #ask;
  #following = true;
  #lastTop = 0;

  /** `ask(text)` is called with a question to send again, and with what the button of a response card says. */
  constructor({ scroll, log, welcome, ask }) {
    this.#ask = ask;
    this.#scroll = scroll;
    this.#log = log;
    this.#welcome = welcome;
    scroll.addEventListener("scroll", () => this.#scrolled());
    const observer = new ResizeObserver(() => this.#following && this.#toEnd());
    observer.observe(scroll); // the question field grows at its cost
    observer.observe(log);
  }

  clear() {
    this.#log.replaceChildren();
    this.#welcome.hidden = false;
  }

  addQuestion(text) {
    const message = messageOf("user", "You:");
    message.bubble.textContent = text;
    message.addAction(button("Send again", () => this.#ask(text)));
    this.#add(message);
  }

  addError(sentence) {
    const message = botMessage("error");
    message.bubble.textContent = sentence;
    this.#add(message);
  }

  /** `raw`: the text as it comes, with its white-space collapsed, as Lex Web UI shows it. */
  startReply({ raw }) {
    const reply = new GrowingReply(raw);
    this.#add(reply.message);
    return reply;
  }

  /** `stopped`: by the user. `inspect` opens what is known of the reply's turn. */
  async finishReply(reply, messages, { stopped, inspect }) {
    const contents = await Promise.all(messages.map((message) => this.#contentOf(message)));
    const finals = contents.map((content, place) => {
      const final = botMessage("final");
      final.bubble.classList.toggle("markdown", typeof content !== "string");
      final.bubble.append(content);
      addCopyButtons(final, messages[place].content);
      return final;
    });
    if (stopped) finals.at(-1).element.append(element("p", "stopped", "Stopped"));
    finals.at(-1).addAction(button("Inspect", inspect));
    reply.message.element.replaceWith(...finals.map((final) => final.element));
  }

  /** What has arrived stays readable, except where the client looked through would drop it. */
  async failReply(reply, sentence, inspect) {
    const error = botMessage("error");
    if (reply.text && !reply.raw) {
      const arrived = element("div", "arrived markdown");
      arrived.append(await rendered(reply.text).catch(() => reply.text));
      error.bubble.append(arrived);
    }
    error.bubble.append(element("p", "sentence", sentence));
    error.addAction(button("Inspect", inspect));
    reply.message.element.replaceWith(error.element);
  }

  async #contentOf(message) {
    return message.imageResponseCard ? cardOf(message.imageResponseCard, this.#ask) : textOf(message);
  }

  #add(message) {
    this.#welcome.hidden = true;
    this.#log.append(message.element);
    this.#following = true;
  }

  /** The text is followed to its end until the reader scrolls up, and again from when the end is reached. */
  #scrolled() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroll;
    const atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    this.#following = atEnd || (this.#following && scrollTop >= this.#lastTop);
    this.#lastTop = scrollTop;
  }

  #toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }
}

/** A reply under way, hidden from assistive technology, which would read each frame; the whole one is announced. */
class GrowingReply {
  text = "";

  #markdown;

  constructor(raw) {
    this.raw = raw;
    this.message = botMessage("streaming");
    this.message.element.ariaHidden = "true";
    this.message.bubble.classList.add(raw ? "collapsed" : "thinking");
    this.#markdown = raw ? null : new GrowingMarkdown(this.message.bubble);
  }

  show(text) {
    this.text = text;
    if (this.raw) this.message.bubble.textContent = text;
    else {
      this.message.bubble.classList.add("markdown");
      this.#markdown.show(text);
    }
  }
}

/** One speaker's bubble, and what can be done with it. */
class Message {
  #actions = element("div", "actions");

  constructor(kind, speaker) {
    this.bubble = element("div", kind);
    this.element = element("div", "message");
    // For screen readers; sighted readers see it from the bubble's side.
    this.element.append(element("span", "visually-hidden", speaker), this.bubble);
  }

  addAction(control) {
    this.#actions.append(control);
    this.element.append(this.#actions);
  }
}

function messageOf(kind, speaker) {
  const message = new Message(kind, speaker);
  message.element.classList.add(`of-${kind}`);
  return message;
}

function botMessage(state) {
  const message = messageOf("bot", "Bot:");
  message.bubble.dataset.state = state;
  return message;
}

function addCopyButtons(message, text) {
  if (text) message.addAction(copyButton(() => text));
  message.bubble.querySelectorAll("pre").forEach((block) => {
    const frame = element("div", "code");
    block.replaceWith(frame);
    frame.append(block, copyButton(() => block.textContent));
  });
}

/** A response card. Its picture is a link: the page's security policy fetches nothing from elsewhere. */
function cardOf({ title, subtitle, imageUrl, buttons = [] }, ask) {
  const card = element("div", "card");
  card.append(element("strong", "title", title));
  if (subtitle) card.append(element("span", "subtitle", subtitle));
  if (/^https?:/.test(imageUrl ?? "")) {
    const link = element("a", "picture", "Picture");
    Object.assign(link, { href: imageUrl, target: "_blank", rel: "noopener noreferrer" });
    card.append(link);
  }
  for (const { text, value } of buttons) {
    const choice = button(text, () => ask(value));
    choice.className = "choice";
    card.append(choice);
  }
  return card;
}

async function textOf({ contentType, content }) {
  if (contentType !== "CustomPayload") return content;
  return rendered(content).catch(() => content); // better unrendered than lost
}

function button(text, action) {
  const control = element("button", "", text);
  control.type = "button";
  control.addEventListener("click", action);
  return control;
}

function element(name, className, text = "") {
  const node = document.createElement(name);
  node.className = className;
  node.textContent = text;
  return node;
}
