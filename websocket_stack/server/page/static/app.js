/** The chat page: wires the question field and the transcript to the runs of a chat. */

import { Composer } from "./composer.js";
import { Runs } from "./runs.js";

const KEY = "chat-server";
const TOKEN = "chat-server-token";
const LONGEST_QUESTION = 10_000;
const NEAR_END_PX = 60;
// The server knows a run for ten minutes; a question that is older would be answered again.
const KNOWN_MS = 9 * 60_000;

const byId = (id) => document.getElementById(id);
const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(18)), (byte) => byte.toString(16).padStart(2, "0")).join("");
const composer = new Composer({
  form: byId("composer"),
  field: byId("question"),
  send: byId("send"),
  length: byId("length"),
  limit: () => LONGEST_QUESTION,
  ask,
});

let state = stored() ?? { chat: newId(), runs: [] };
let replies = new Map(); // by the name of the run
let runs = open();

function ask(text) {
  const question = text.trim();
  if (!question || question.length > LONGEST_QUESTION) return;
  composer.taken(question);
  const asked = { id: newId(), question, at: Date.now() };
  state.runs.push(asked);
  store();
  show(asked);
}

function show({ id, question, at, reply: known, outcome }) {
  byId("welcome").hidden = true;
  add("user", question);
  const reply = add("bot", known ?? "");
  if (known !== undefined || Date.now() - at > KNOWN_MS) {
    reply.dataset.state = outcome ?? "error";
    if (known === undefined) reply.textContent = "The reply is not here any more. Please ask again.";
    return;
  }
  reply.classList.add("thinking");
  reply.dataset.state = "streaming";
  reply.setAttribute("aria-busy", "true");
  const stop = document.createElement("button");
  stop.type = "button";
  stop.textContent = "Stop";
  reply.after(stop);
  const run = runs.ask(id, question);
  stop.addEventListener("click", () => runs.stop(run));
  replies.set(id, { reply, stop });
  scrollToEnd(true);
}

function open() {
  replies = new Map();
  return new Runs(state.chat, sessionStorage.getItem(TOKEN) ?? "", {
    unauthorized,
    status: (text) => (byId("status").textContent = text),
    text(run) {
      const { scrollHeight, scrollTop, clientHeight } = byId("scroll");
      replies.get(run.id).reply.textContent = run.text;
      scrollToEnd(scrollHeight - scrollTop - clientHeight < NEAR_END_PX);
    },
    ended(run, outcome, sentence) {
      const { reply, stop } = replies.get(run.id);
      reply.removeAttribute("aria-busy");
      reply.classList.remove("thinking");
      reply.dataset.state = sentence ? "error" : outcome === "cancelled" ? "stopped" : "final";
      if (sentence) reply.textContent = [run.text, sentence].filter(Boolean).join("\n\n");
      if (document.activeElement === stop) composer.focus();
      stop.remove();
      const asked = state.runs.find((each) => each.id === run.id);
      Object.assign(asked, { reply: reply.textContent, outcome: reply.dataset.state });
      store();
      byId("announcer").textContent = reply.textContent || "The reply was stopped.";
    },
  });
}

/* Where the server wants a token. It is kept for this tab, as the chat is. */

function unauthorized() {
  const wasRefused = sessionStorage.getItem(TOKEN) !== null;
  sessionStorage.removeItem(TOKEN);
  if (wasRefused) byId("token-problem").textContent = "That token is not valid, or not any more.";
  byId("announcer").textContent = byId("token-problem").textContent;
  byId("composer").hidden = true;
  byId("sign-in").hidden = false;
  byId("token").focus();
}

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(TOKEN, byId("token").value.trim());
  byId("token").value = "";
  byId("sign-in").hidden = true;
  byId("composer").hidden = false;
  composer.focus();
  runs.signIn(sessionStorage.getItem(TOKEN));
});

function add(kind, text) {
  const message = document.createElement("div");
  const speaker = document.createElement("span");
  const bubble = document.createElement("div");
  message.className = "message";
  speaker.className = "visually-hidden";
  speaker.textContent = kind === "user" ? "You:" : "Reply:";
  bubble.className = kind;
  bubble.textContent = text;
  message.append(speaker, bubble);
  byId("log").append(message);
  return bubble;
}

function scrollToEnd(isDue) {
  if (isDue) byId("scroll").scrollTop = byId("scroll").scrollHeight;
}

/* A reload shows the chat again: the server still knows its runs for a while. */

function stored() {
  try {
    return JSON.parse(sessionStorage.getItem(KEY));
  } catch {
    return null;
  }
}

function store() {
  sessionStorage.setItem(KEY, JSON.stringify(state));
}

byId("new-chat").addEventListener("click", () => {
  runs.close();
  state = { chat: newId(), runs: [] };
  store();
  byId("log").replaceChildren();
  byId("welcome").hidden = false;
  runs = open();
  composer.focus();
});

state.runs.forEach(show);
