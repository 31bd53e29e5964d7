/** The turn inspector: what the bot's functions were called with, asked, returned and failed with. */

import { copyButton } from "./markdown.js";

const NOTHING = "Nothing is known of this turn.";
const HOOKS = { DialogCodeHook: "called in the dialog", FulfillmentCodeHook: "called to fulfil the intent" };
const STATES = {
  InProgress: "in progress",
  ReadyForFulfillment: "ready to be fulfilled",
  FulfillmentInProgress: "being fulfilled",
  Fulfilled: "fulfilled",
  Failed: "failed",
  Waiting: "waiting",
};
const CONFIRMATIONS = { Confirmed: "confirmed by the user", Denied: "denied by the user" };
const DELIVERIES = {
  off: "no streaming: the request did not ask for it",
  unused: "nothing was streamed",
  streamed: "streamed",
  no_connection: "not streamed: the session has no connection",
  contested: "not streamed: two users claim the session",
  lookup_failed: "not streamed: the session table could not be read",
  gone: "streamed until the connection closed",
  failed: "streamed until a post failed",
};

export class Inspector {
  #place;

  /** `place` is the element that is filled. */
  constructor(place) {
    this.#place = place;
  }

  clear() {
    this.#place.replaceChildren();
  }

  show(invocations) {
    const failures = invocations.flatMap((invocation) => invocation.failures);
    this.#place.replaceChildren(...failures.map(failureOf), ...invocations.map(invocationOf));
    if (!invocations.length) this.#place.append(element("p", "none", NOTHING));
    // A traceback ends with the builder's own lines.
    this.#place.querySelectorAll(".failure pre").forEach((traceback) => (traceback.scrollTop = traceback.scrollHeight));
  }
}

/** The cause of a failed turn in one sentence, or nothing. */
export function causeOf(invocations) {
  const failures = invocations.flatMap((invocation) => invocation.failures);
  return failures.at(-1)?.sentence ?? "";
}

function invocationOf({ function: name, event, response, seconds, turn, log, calls }) {
  const part = element("section", "invocation");
  part.append(element("h4", "", headline(name, event, seconds)));
  part.append(factsOf(event, turn));
  part.append(...attributesOf(event));
  calls.forEach((call) => part.append(callOf(call)));
  part.append(details("Event", [block(pretty(event))]), details("Response", [block(pretty(response))]));
  if (turn) part.append(details("Log line", [block(pretty(turn))]));
  if (log.length) part.append(details("Other lines of the log", [block(log.join("\n"))]));
  return part;
}

function failureOf({ what, sentence, traceback }) {
  return details(`${what} failed: ${sentence}`, [block(traceback)], { open: true, kind: "failure" });
}

function headline(name, event, seconds) {
  const hook = HOOKS[event.invocationSource];
  return `Function “${name}”${hook ? `, ${hook}` : ""}: ${took(seconds)}`;
}

/** What a builder looks for first: the intent, its slots, and how the turn ended. */
function factsOf(event, turn) {
  const facts = element("dl", "facts");
  const { intent } = event.sessionState ?? {};
  if (intent) add(facts, "Intent", intentInWords(intent));
  for (const [name, slot] of Object.entries(intent?.slots ?? {})) {
    add(facts, `Slot ${name}`, slot?.value?.interpretedValue ?? "empty");
  }
  if (turn) add(facts, "Outcome", `${turn.outcome}; ${DELIVERIES[turn.delivery] ?? turn.delivery}`);
  return facts;
}

function intentInWords({ name, state, confirmationState }) {
  const words = [STATES[state] ?? state, CONFIRMATIONS[confirmationState]].filter(Boolean);
  return `${name} (${words.join(", ")})`;
}

function attributesOf(event) {
  const attributes = Object.entries(event.sessionState?.sessionAttributes ?? {});
  if (!attributes.length) return [];
  return [details(`Session attributes (${attributes.length})`, attributes.map(([name, value]) => labelled(name, value)))];
}

function callOf({ path, request, reply, seconds }) {
  const { system = [], messages = [], toolConfig } = request ?? {};
  const parts = system.map(({ text }) => labelled("System prompt", text));
  messages.forEach(({ role, content }) => parts.push(labelled(role, textOf(content))));
  if (!messages.length) parts.push(labelled("Request", pretty(request)));
  const tools = (toolConfig?.tools ?? []).map((tool) => tool.toolSpec?.name).join(", ");
  if (tools) parts.push(labelled("Tools offered", tools));
  (reply.toolCalls ?? []).forEach(({ name, input }) => parts.push(labelled(`Calls ${name}`, input)));
  const { text, toolCalls, ...rest } = reply;
  if (text) parts.push(labelled("Reply", text));
  if (Object.keys(rest).length) parts.push(labelled("End", pretty(rest)));
  return details(`Model call: ${modelOf(path)}, ${took(seconds)}`, parts);
}

function took(seconds) {
  return seconds === null ? "still running" : `${seconds.toFixed(2)}\u00a0s`;
}

function modelOf(path) {
  const [, model, operation] = path.match(/^\/model\/(.+)\/([a-z-]+)$/) ?? [];
  return model ? `${decodeURIComponent(model)} (${operation})` : path;
}

function textOf(content) {
  if (typeof content === "string") return content;
  return content.map((part) => part.text ?? pretty(part)).join("\n");
}

function details(summary, contents, { open = false, kind = "" } = {}) {
  const node = element("details", kind);
  node.open = open;
  node.append(element("summary", "", summary), ...contents);
  return node;
}

function labelled(label, text) {
  const node = element("div", "labelled");
  node.append(element("strong", "", label), block(text));
  return node;
}

function block(text) {
  const frame = element("div", "code");
  const pre = element("pre", "", text);
  pre.tabIndex = 0; // so that the keyboard can scroll it
  frame.append(pre, copyButton(() => text));
  return frame;
}

function add(facts, term, description) {
  const pair = document.createElement("div");
  pair.append(element("dt", "", term), element("dd", "", description));
  facts.append(pair);
}

function pretty(value) {
  return JSON.stringify(value, null, 2) ?? "";
}

function element(name, className, text = "") {
  const node = document.createElement(name);
  if (className) node.className = className;
  node.textContent = text;
  return node;
}
