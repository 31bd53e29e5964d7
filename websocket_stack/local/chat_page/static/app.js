/** The chat page: wires the question field, the door, the transcript and the developer panel. */

import { Composer, lengthOf } from "./composer.js";
import { DirectDisplay, LexWebUiDisplay } from "./display.js";
import { doorsOf } from "./doors.js";
import { causeOf, Inspector } from "./inspector.js";
import { forgetSessionsOfAnotherTab } from "./lex.js";
import { Panel, TurnRecord } from "./panel.js";
import * as stack from "./stack.js";
import { Transcript } from "./transcript.js";

const SETTINGS_KEY = "lex-streaming";
const TOUCH = matchMedia("(pointer: coarse)");
const THEMES = ["system", "light", "dark"];

const byId = (id) => document.getElementById(id);
const settings = { theme: "system", door: "lex", asLexWebUi: false, ...storedSettings() };
const transcript = new Transcript({ scroll: byId("scroll"), log: byId("log"), welcome: byId("welcome"), ask });
const panel = new Panel(byId);
const inspector = new Inspector(byId("inspector"));
const on = { state: connectionChanged, text: textArrived, event: (sentence) => panel.addEvent(sentence) };
const doors = doorsOf(on, {
  sessionTable: async () => (await known()).sessionTable,
  apiKey: async () => (await known()).graphqlApiKey,
});
let door = doors[settings.door] ?? doors.lex;
const composer = new Composer({
  form: byId("composer"),
  field: byId("question"),
  send: byId("send"),
  length: byId("length"),
  limit: () => door.longest,
  ask,
});

let about = null; // what the stack says of itself
let turn = null; // the one under way

/* Turns */

async function ask(text) {
  const question = text.trim();
  if (!question) return;
  if (turn) return announce("A reply is under way. Send when it is here.");
  const length = lengthOf(question);
  if (length > door.longest) {
    return transcript.addError(`A question has at most ${door.longest} characters, and this one has ${length}.`);
  }
  composer.taken(question);
  transcript.addQuestion(question);
  await runTurn(question);
}

async function runTurn(question) {
  const { record, reply, display } = startTurn(question);
  // Known before the question leaves: those after it are the turn's.
  const { last } = await stack.invocations().catch(() => ({ last: 0 }));
  const inspect = () => showInvocations(record, last);
  const inspectHere = () => inspect().then(() => panel.goToTurn());
  try {
    const messages = await repliesTo(question);
    display.end();
    record.reply(messages.map((message) => message.content ?? "").join(""));
    await transcript.finishReply(reply, messages, { stopped: record.stopped, inspect: inspectHere });
    inspect();
  } catch (error) {
    display.end();
    record.fail();
    const cause = causeOf(await inspect());
    await transcript.failReply(reply, cause ? `${error.message} ${cause}` : error.message, inspectHere);
    composer.giveBack(question);
  }
  endTurn(record);
}

function startTurn(question) {
  const raw = settings.asLexWebUi && door === doors.lex;
  const record = new TurnRecord(question);
  const reply = transcript.startReply({ raw });
  const show = (text) => {
    reply.show(text);
    if (text.trim()) record.textSeen();
    panel.showTurnSoon(record);
  };
  turn = { record, reply, display: raw ? new LexWebUiDisplay(show) : new DirectDisplay(show) };
  panel.showTurn(record);
  inspector.clear();
  turnChanged();
  return turn;
}

function stop() {
  turn.record.stopped = true;
  door.stop();
}

function endTurn(record) {
  panel.showTurn(record);
  turn = null;
  turnChanged();
}

/** Shows a turn in the panel, and resolves to its invocations. */
async function showInvocations(record, after) {
  const { invocations } = await stack.invocations(after).catch(() => ({ invocations: [] }));
  record.invocations ??= invocations; // later ones are of later turns
  panel.showTurn(record);
  inspector.show(record.invocations);
  return record.invocations;
}

async function repliesTo(question) {
  const messages = await door.ask(question);
  const replies = messages.filter((message) => message.content || message.imageResponseCard);
  return replies.length ? replies : [{ contentType: "PlainText", content: "The bot sent no message." }];
}

function textArrived(text) {
  if (!turn || turn.record.total !== null) return panel.addEvent(`A frame came outside a turn: ${text}`);
  turn.record.frame(text);
  turn.display.frame(text);
  panel.showTurnSoon(turn.record);
}

/* Session and connection */

function openDoor() {
  byId("session").textContent = door.session;
  byId("lex-only").hidden = door !== doors.lex;
  byId("no-intents").hidden = isLex(door);
  door.open();
}

function isLex(door) {
  return door === doors.lex || door === doors.console;
}

function changeDoor(name) {
  door.close();
  change("door", name);
  door = doors[name];
  openDoor();
}

function newSession() {
  door.newSession().catch(() => panel.addEvent("The session before could not be ended."));
  byId("session").textContent = door.session;
  panel.clear();
  transcript.clear();
  composer.focus();
}

function connectionChanged(state) {
  const wasOpen = byId("connection-state").dataset.state === "open";
  const words = connectionInWords(state);
  byId("connection-state").dataset.state = state.name;
  byId("status").textContent = words;
  byId("reconnect").textContent = state.name === "closed" ? "Reconnect" : "Disconnect";
  byId("reconnect").disabled = state.name === "off";
  panel.addEvent(`Connection ${words}`);
  if (wasOpen && state.name === "closed") announce("The connection is closed.");
  if (state.name === "open") showAbout(); // the server may be another one than before
  showHint();
}

function connectionInWords({ name, code, retryInSeconds }) {
  if (name === "off") return "off (test window)";
  if (name !== "closed") return name;
  if (about?.auth === "iam") return "refused: this page does not sign, as --auth iam asks for";
  return `closed (${code})${retryInSeconds ? `, retry in ${retryInSeconds} s` : ""}`;
}

function toggleConnection() {
  if (door.state.name === "closed") door.open();
  else door.close();
}

async function known() {
  about ??= await stack.about().catch(() => null);
  return about ?? {};
}

async function showAbout() {
  about = null;
  const { model = "unknown", bot, suggestions = [] } = await known();
  byId("model").textContent = model;
  if (!bot) return;
  const name = bot.split(":")[0];
  document.title = `${name} – Lex Streaming`;
  byId("bot").textContent = name;
  byId("welcome-title").textContent = `Ask ${name} something`;
  byId("suggestions").replaceChildren(...suggestions.map(suggestionOf));
}

function suggestionOf(question) {
  const item = document.createElement("li");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = question;
  item.append(button);
  return item;
}

/* Feedback */

function turnChanged() {
  composer.busy = turn !== null;
  byId("new-session").disabled = turn !== null;
  byId("door").disabled = turn !== null;
  byId("stop").hidden = !turn || !door.stop;
  announce(turn ? "A reply is under way." : ""); // the reply itself is announced by the log
  showHint();
}

function showHint() {
  byId("hint").textContent = hint();
}

function hint() {
  if (turn) return underWayHint();
  if (door === doors.console) return "Lex’s test window: the reply comes in one piece.";
  if (door.state.name === "closed") return closedHint();
  return TOUCH.matches ? "" : "Enter sends, Shift+Enter starts a new line.";
}

function underWayHint() {
  const hint = "A reply is under way: you can write, and send when it is here.";
  return door.stop ? hint : `${hint} Lex cannot stop one.`;
}

function closedHint() {
  if (door === doors.lex) return "No connection to the WebSocket API: a reply comes in one piece, if Lex can be reached.";
  return "No connection: there can be no reply.";
}

function announce(text) {
  byId("announcer").textContent = text;
}

/* Settings */

function storedSettings() {
  try {
    return JSON.parse(localStorage.getItem(SETTINGS_KEY));
  } catch {
    return null;
  }
}

function change(setting, value) {
  settings[setting] = value;
  localStorage.setItem(SETTINGS_KEY, JSON.stringify(settings));
}

function showTheme() {
  document.documentElement.dataset.theme = settings.theme;
  byId("theme").textContent = `Theme: ${settings.theme}`;
}

function nextTheme() {
  change("theme", THEMES[(THEMES.indexOf(settings.theme) + 1) % THEMES.length]);
  showTheme();
}

function connectControls() {
  byId("as-lex-web-ui").checked = settings.asLexWebUi;
  byId("as-lex-web-ui").addEventListener("change", (event) => change("asLexWebUi", event.target.checked));
  byId("door").value = settings.door;
  byId("door").addEventListener("change", (event) => changeDoor(event.target.value));
  byId("stop").addEventListener("click", stop);
  byId("theme").addEventListener("click", nextTheme);
  byId("reconnect").addEventListener("click", toggleConnection);
  byId("new-session").addEventListener("click", newSession);
  byId("welcome").addEventListener("click", (event) => {
    if (event.target.matches("button")) ask(event.target.textContent);
  });
}

showTheme();
connectControls();
showAbout();
await forgetSessionsOfAnotherTab();
openDoor();
