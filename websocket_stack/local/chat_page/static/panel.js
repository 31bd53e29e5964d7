/** The developer panel: what a turn measured, the timeline of its frames, and what happened on the connection. */

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 112;
const AXIS_Y = 90;
const TOP_Y = 14;
const SIDE = 8;
const AXIS_STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20];
const MOST_EVENTS = 30;

/** What was seen of a turn; times are seconds since the question. */
export class TurnRecord {
  #start = performance.now();

  constructor(question) {
    this.question = question;
  }

  frames = [];
  firstText = null;
  total = null;
  failed = false;
  stopped = false; // by the user
  characters = 0;
  invocations = null; // of the bot's functions, once they are known

  get elapsed() {
    return (performance.now() - this.#start) / 1000;
  }

  frame(text) {
    this.frames.push({ at: this.elapsed, size: text.length });
    this.characters += text.length;
  }

  textSeen() {
    this.firstText ??= this.elapsed;
  }

  reply(text) {
    this.total = this.elapsed;
    this.firstText ??= this.total;
    this.characters = text.length;
  }

  fail() {
    this.total = this.elapsed;
    this.failed = true;
  }
}

export class Panel {
  #byId;
  #turn = null;
  #redraw = null;

  constructor(byId) {
    this.#byId = byId;
    new ResizeObserver(() => this.#drawTimeline()).observe(byId("timeline"));
  }

  /** Frames come in bursts: one drawing for each painted picture is enough. */
  showTurnSoon(turn) {
    this.#redraw ??= requestAnimationFrame(() => this.showTurn(turn));
  }

  showTurn(turn) {
    cancelAnimationFrame(this.#redraw);
    this.#redraw = null;
    this.#turn = turn;
    this.#byId("turn").hidden = false;
    this.#set("turn-question", turn.question);
    this.#set("first-text", seconds(turn.firstText));
    this.#set("total", seconds(turn.total));
    this.#set("frames", turn.frames.length);
    this.#set("characters", turn.characters);
    this.#set("rate", Math.round(turn.characters / (turn.total ?? turn.elapsed)));
    this.#drawTimeline();
  }

  /** Brings the turn into view, which on a small screen is below the chat. */
  goToTurn() {
    const part = this.#byId("turn");
    part.scrollIntoView();
    part.focus({ preventScroll: true });
  }

  clear() {
    this.#turn = null;
    this.#byId("turn").hidden = true;
  }

  addEvent(text) {
    const item = document.createElement("li");
    const time = document.createElement("time");
    time.textContent = new Date().toLocaleTimeString([], { hourCycle: "h23" });
    item.append(time, ` ${text}`);
    const events = this.#byId("events");
    events.prepend(item);
    if (events.children.length > MOST_EVENTS) events.lastChild.remove();
  }

  #set(id, value) {
    this.#byId(id).textContent = value;
  }

  #drawTimeline() {
    if (this.#turn) drawTimeline(this.#byId("timeline"), this.#turn);
  }
}

function drawTimeline(svg, turn) {
  const width = svg.clientWidth;
  const end = turn.total ?? Math.max(turn.elapsed, 1);
  const x = (at) => SIDE + (at / end) * (width - 2 * SIDE);
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.replaceChildren(...axis(x, end), ...turnMarks(turn, x));
  svg.setAttribute("aria-label", inWords(turn));
}

function axis(x, end) {
  const step = AXIS_STEPS.find((candidate) => end / candidate <= 5) ?? AXIS_STEPS.at(-1);
  const marks = [shape("line", { class: "axis", x1: x(0), x2: x(end), y1: AXIS_Y, y2: AXIS_Y })];
  for (let at = 0; at <= end; at += step) {
    marks.push(shape("line", { class: "axis", x1: x(at), x2: x(at), y1: AXIS_Y, y2: AXIS_Y + 4 }));
    marks.push(label(x(at), AXIS_Y + 16, `${Number(at.toFixed(1))} s`, x, end));
  }
  return marks;
}

function turnMarks(turn, x) {
  const largest = Math.max(1, ...turn.frames.map((frame) => frame.size));
  const ticks = turn.frames.map(({ at, size }) => {
    const height = 4 + (size / largest) * (AXIS_Y - TOP_Y - 10);
    const tick = shape("line", { class: "frame", x1: x(at), x2: x(at), y1: AXIS_Y, y2: AXIS_Y - height });
    return titled(tick, `${seconds(at)}: ${count(size, "character")}`);
  });
  if (turn.firstText !== null) ticks.unshift(mark("first", turn.firstText, x, "first text seen"));
  if (turn.total !== null) ticks.push(mark(ending(turn), turn.total, x));
  return ticks;
}

function mark(kind, at, x, name = kind) {
  const line = shape("line", { class: kind, x1: x(at), x2: x(at), y1: AXIS_Y, y2: TOP_Y });
  return titled(line, `${name}, ${seconds(at)}`);
}

function label(x, y, text, scale, end) {
  const anchor = x < 20 ? "start" : x > scale(end) - 10 ? "end" : "middle";
  const made = shape("text", { x: anchor === "start" ? x - 4 : x, y, "text-anchor": anchor });
  made.textContent = text;
  return made;
}

function inWords({ frames, firstText, total, failed }) {
  const parts = [count(frames.length, "frame")];
  if (frames.length) parts.push(`from ${seconds(frames[0].at)} to ${seconds(frames.at(-1).at)}`);
  if (firstText !== null) parts.push(`first text seen at ${seconds(firstText)}`);
  if (total !== null) parts.push(`${ending({ failed })} at ${seconds(total)}`);
  return parts.join(", ");
}

function ending({ failed }) {
  return failed ? "error" : "reply";
}

function shape(name, attributes) {
  const made = document.createElementNS(SVG, name);
  Object.entries(attributes).forEach(([key, value]) => made.setAttribute(key, value));
  return made;
}

function titled(made, text) {
  const title = shape("title", {});
  title.textContent = text;
  made.append(title);
  return made;
}

function seconds(value) {
  return value === null ? "–" : `${value.toFixed(2)} s`;
}

function count(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}
