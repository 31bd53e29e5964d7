/**
 * The runs of one chat over one WebSocket, in the protocol of the AI SDK: asked, read, stopped, and read on after the
 * connection was lost. A request that is sent again under its name is not answered again: the server sends its frames
 * once more, and those that are here already are skipped. A server that wants no token ignores the one that it gets.
 */

const LONGEST_WAIT_SECONDS = 30;
// The server sends a heartbeat every 20 s: without three of them, the connection only seems to be open.
const SILENCE_MS = 65_000;
const UNAUTHORIZED = 4401;

export class Runs {
  #chat;
  #on;
  #token;
  #socket = null;
  #failures = 0;
  #silence;
  #runs = new Map();

  /**
   * `on` has status(text), text(run), ended(run, outcome, sentence) and unauthorized(); a run has `id`, `question` and
   * `text`.
   */
  constructor(chat, token, on) {
    this.#chat = chat;
    this.#token = token;
    this.#on = on;
    this.#connect();
  }

  signIn(token) {
    this.#token = token;
    this.#connect();
  }

  ask(id, question) {
    const run = { id, question, text: "", last: -1 };
    this.#runs.set(id, run);
    if (this.#socket?.readyState === WebSocket.OPEN) this.#send(run);
    return run;
  }

  stop(run) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ type: "abort", requestId: run.id }));
  }

  close() {
    this.#runs.clear();
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#silence);
    socket?.close();
  }

  #connect() {
    const socket = new WebSocket(new URL("/ws", location.href.replace(/^http/, "ws")));
    const whileCurrent = (handle) => (event) => socket === this.#socket && handle(event);
    socket.onopen = whileCurrent(() => this.#opened());
    socket.onmessage = whileCurrent((event) => this.#received(JSON.parse(event.data)));
    socket.onclose = whileCurrent(({ code }) => (code === UNAUTHORIZED ? this.#unauthorized() : this.#lost()));
    this.#socket = socket;
    this.#on.status("connecting");
  }

  #opened() {
    this.#failures = 0;
    this.#on.status("connected");
    this.#heard();
    this.#authenticate();
    for (const run of this.#runs.values()) this.#send(run);
  }

  #authenticate() {
    this.#socket.send(JSON.stringify({ type: "auth", token: this.#token }));
  }

  #send({ id, question }) {
    const message = { id, role: "user", parts: [{ type: "text", text: question }] };
    const request = { type: "send", requestId: id, id: this.#chat, trigger: "submit-message", messages: [message] };
    this.#socket.send(JSON.stringify({ ...request, headers: {}, body: {} }));
  }

  #received(frame) {
    this.#heard();
    const run = this.#runs.get(frame.requestId);
    if (!run) return;
    if (frame.type === "chunk" && frame.sequence > run.last) {
      run.last = frame.sequence;
      run.text += frame.chunk.delta ?? "";
      if (frame.chunk.delta) this.#on.text(run);
    } else if (frame.type === "end" || frame.type === "error") {
      this.#runs.delete(run.id);
      // Perhaps the token has expired; the server closes the socket then.
      if (frame.outcome === "refused") this.#authenticate();
      this.#on.ended(run, frame.outcome ?? "failed", frame.errorText ?? "");
    }
  }

  #heard() {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => this.#lost(), SILENCE_MS);
  }

  #unauthorized() {
    this.#socket = null;
    clearTimeout(this.#silence);
    this.#on.status("not signed in");
    this.#on.unauthorized();
  }

  #lost() {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#silence);
    socket?.close();
    // Not all at the same moment: a server that restarts loses all its clients at once.
    const seconds = Math.min(2 ** this.#failures, LONGEST_WAIT_SECONDS) * (0.5 + Math.random() / 2);
    this.#failures += 1;
    this.#on.status("reconnecting");
    setTimeout(() => this.#socket === null && this.#connect(), seconds * 1000);
  }
}
