/** A WebSocket connection: opened, kept alive, and opened again after a loss. */

const PING = JSON.stringify({ action: "ping" });
const PING_INTERVAL_MS = 9 * 60_000; // API Gateway closes a connection after 10 idle minutes
const LONGEST_WAIT_SECONDS = 30;
const CLOSED_BY_US = 1000;

export class Connection {
  #on;
  #path = null;
  #protocol = null;
  #socket = null;
  #wanted = false;
  #failures = 0;
  #pingTimer;
  #retryTimer;

  state = { name: "closed", code: CLOSED_BY_US };

  /** `on` has the functions state(state), frame(data) and event(sentence). */
  constructor(on) {
    this.#on = on;
    document.addEventListener("visibilitychange", () => this.#retryNow());
    window.addEventListener("online", () => this.#retryNow());
  }

  /** Opens it, or another one, at a path of the page's own server; one with a protocol keeps itself alive. */
  open(path, { protocol = null } = {}) {
    this.#drop();
    this.#path = path;
    this.#protocol = protocol;
    this.#wanted = true;
    this.#failures = 0;
    this.#connect();
  }

  close() {
    this.#drop();
    this.#wanted = false;
    this.#report({ name: "closed", code: CLOSED_BY_US });
  }

  send(data) {
    this.#socket.send(data);
  }

  #connect() {
    const socket = new WebSocket(socketUrl(this.#path), this.#protocol ?? []);
    const whileCurrent = (handle) => (event) => socket === this.#socket && handle(event);
    socket.onopen = whileCurrent(() => this.#opened());
    socket.onmessage = whileCurrent((event) => this.#received(event.data));
    socket.onclose = whileCurrent((event) => this.#lost(event.code));
    this.#socket = socket;
    this.#report({ name: "connecting" });
  }

  #opened() {
    this.#failures = 0;
    if (!this.#protocol) this.#keepAlive();
    this.#report({ name: "open" });
  }

  #keepAlive() {
    const ping = () => this.#socket.send(PING);
    ping();
    this.#pingTimer = setInterval(ping, PING_INTERVAL_MS);
  }

  #received(data) {
    if (isGatewayError(data)) this.#on.event(`API Gateway: ${data}`);
    else this.#on.frame(data);
  }

  #lost(code) {
    this.#drop();
    const seconds = Math.min(2 ** this.#failures, LONGEST_WAIT_SECONDS);
    this.#failures += 1;
    this.#retryTimer = setTimeout(() => this.#retryNow(), seconds * 1000);
    this.#report({ name: "closed", code, retryInSeconds: seconds });
  }

  /** Does nothing in a hidden page: becoming visible calls it again. */
  #retryNow() {
    if (!this.#wanted || this.#socket || document.hidden) return;
    clearTimeout(this.#retryTimer);
    this.#connect();
  }

  #drop() {
    clearInterval(this.#pingTimer);
    clearTimeout(this.#retryTimer);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #report(state) {
    this.state = state;
    this.#on.state(state);
  }
}

function socketUrl(path) {
  const url = new URL(path, location.href);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url;
}

/** API Gateway reports its own errors on the same connection, as JSON; everything else is a frame of the door's. */
function isGatewayError(data) {
  if (!data.startsWith("{")) return false;
  try {
    const value = JSON.parse(data);
    return "message" in value && "connectionId" in value;
  } catch {
    return false;
  }
}
