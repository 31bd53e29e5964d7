/** The chat page: wires the question field, the door, the transcript and the developer panel. */

import { Composer, lengthOf } from "./composer.js";
import { DirectDisplay, LexWebUiDisplay } from "./display.js";
import { ChatDoor, ConsoleDoor, LexDoor } from "./doors.js";
import { forgetSessionsOfAnotherTab, health } from "./lex.js";
import { Panel, TurnRecord } from "./panel.js";
import { Transcript } from "./transcript.js";

const SETTINGS_KEY = "lex-streaming";
const THEMES = ["system", "light", "dark"];

const byId = (id) => document.getElementById(id);
const settings = { theme: "system", door: "lex", asLexWebUi: false, ...storedSettings() };
const transcript = new Transcript({ scroll: byId("scroll"), log: byId("log"), welcome: byId("welcome"), ask });
const panel = new Panel(byId);
const on = { state: connectionChanged, text: textArrived, event: (sentence) => panel.addEvent(sentence) };
const doors = { lex: new LexDoor(on, sessionTable), console: new ConsoleDoor(on), chat: new ChatDoor(on) };
let door = doors[settings.door] ?? doors.lex;
const composer = new Composer({
  form: byId("composer"),
  field: byId("question"),
  send: byId("send"),
  length: byId("length"),
  limit: () => door.longest,
  ask,
});

let stack = null; // what /health says
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
  startTurn();
  try {
    const replies = await repliesTo(question);
    turn.record.reply(replies.map((reply) => reply.content ?? "").join(""));
    await endTurn(() => transcript.finishReply(turn.message, replies));
  } catch (error) {
    turn.record.fail();
    await endTurn(() => transcript.failReply(turn.message, error.message));
    composer.giveBack(question);
  }
}

function startTurn() {
  const collapsed = settings.asLexWebUi && door === doors.lex;
  const record = new TurnRecord();
  const message = transcript.startReply({ thinking: !collapsed, collapsed });
  const show = (text) => {
    transcript.growReply(message, text);
    if (text.trim()) record.textSeen();
    panel.showTurnSoon(record);
  };
  turn = { record, message, display: collapsed ? new LexWebUiDisplay(show) : new DirectDisplay(show) };
  panel.showTurn(record);
  turnChanged();
}

async function endTurn(replaceMessage) {
  turn.display.end();
  panel.showTurn(turn.record);
  await replaceMessage();
  turn = null;
  turnChanged();
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
  door.open();
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
  if (state.name === "open") readHealth(); // the server may be another one than before
  showHint();
}

function connectionInWords({ name, code, retryInSeconds }) {
  if (name === "off") return "off (console test window)";
  if (name !== "closed") return name;
  if (stack?.auth === "iam") return "refused: this page does not sign, as --auth iam asks for";
  return `closed (${code})${retryInSeconds ? `, retry in ${retryInSeconds} s` : ""}`;
}

function toggleConnection() {
  if (door.state.name === "closed") door.open();
  else door.close();
}

async function sessionTable() {
  if (!stack) await readHealth();
  return stack?.sessionTable;
}

async function readHealth() {
  try {
    stack = await health();
    byId("model").textContent = stack.model;
  } catch {
    byId("model").textContent = "unknown";
  }
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
  if (turn) return "A reply is under way: you can write, and send when it is here.";
  if (door === doors.console) return "Console test window: the reply comes in one piece.";
  if (door.state.name === "closed") return closedHint();
  return "Enter sends, Shift+Enter starts a new line.";
}

function closedHint() {
  if (door === doors.chat) return "No connection: there can be no reply.";
  return "No connection: the reply comes in one piece.";
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
  byId("stop").addEventListener("click", () => door.stop());
  byId("theme").addEventListener("click", nextTheme);
  byId("reconnect").addEventListener("click", toggleConnection);
  byId("new-session").addEventListener("click", newSession);
  byId("welcome").addEventListener("click", (event) => {
    if (event.target.matches("button")) ask(event.target.textContent);
  });
}

showTheme();
connectControls();
readHealth();
await forgetSessionsOfAnotherTab();
openDoor();
