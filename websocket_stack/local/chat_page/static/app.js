/** The chat page: wires the question field, Lex, the connection, the transcript and the developer panel. */

import { Composer, lengthOf } from "./composer.js";
import { Connection } from "./connection.js";
import { DirectDisplay, LexWebUiDisplay } from "./display.js";
import * as lex from "./lex.js";
import { Panel, TurnRecord } from "./panel.js";
import { Transcript } from "./transcript.js";

const SETTINGS_KEY = "lex-streaming";
const THEMES = ["system", "light", "dark"];

const byId = (id) => document.getElementById(id);
const settings = { theme: "system", asLexWebUi: false, asConsole: false, ...storedSettings() };
const transcript = new Transcript({ scroll: byId("scroll"), log: byId("log"), welcome: byId("welcome"), ask });
const panel = new Panel(byId);
const connection = new Connection({ state: connectionChanged, frame: frameArrived, gatewayError });
const composer = new Composer({
  form: byId("composer"),
  field: byId("question"),
  send: byId("send"),
  length: byId("length"),
  limit: lex.LONGEST_TEXT,
  ask,
});

let stack = null; // what /health says
let attributes = {}; // those of the previous answer
let turn = null; // the one under way

/* Turns */

async function ask(text) {
  const question = text.trim();
  if (!question) return;
  if (turn) return announce("A reply is under way. Send when it is here.");
  const length = lengthOf(question);
  if (length > lex.LONGEST_TEXT) {
    return transcript.addError(`A question has at most ${lex.LONGEST_TEXT} characters, and this one has ${length}.`);
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
  const collapsed = settings.asLexWebUi && !settings.asConsole;
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
  const streaming = !settings.asConsole;
  const answer = await lex.ask(currentSession(), question, streaming ? await streamingAttributes() : undefined);
  if (streaming) attributes = answer.sessionState?.sessionAttributes ?? {};
  const replies = (answer.messages ?? []).filter((message) => message.content || message.imageResponseCard);
  return replies.length ? replies : [{ contentType: "PlainText", content: "The bot sent no message." }];
}

/** Sent whatever the connection's state, as Lex Web UI does: the reply must come without a connection too. */
async function streamingAttributes() {
  if (!stack) await readHealth();
  return {
    ...attributes,
    streamingEndpoint: `${location.origin}/Prod`,
    streamingDynamoDbTable: stack?.sessionTable ?? "",
  };
}

function frameArrived(text) {
  if (!turn || turn.record.total !== null) return panel.addEvent(`A frame came outside a turn: ${text}`);
  turn.record.frame(text);
  turn.display.frame(text);
  panel.showTurnSoon(turn.record);
}

function gatewayError(error) {
  panel.addEvent(`API Gateway: ${JSON.stringify(error)}`);
}

/* Session and connection */

function currentSession() {
  return lex.sessionId(settings.asConsole ? "console" : "page");
}

function useSession() {
  byId("session").textContent = currentSession();
  if (settings.asConsole) connection.close();
  else connection.open(currentSession());
}

function newSession() {
  lex.endSession(currentSession()).catch(() => panel.addEvent("The session before could not be ended."));
  lex.newSessionId(settings.asConsole ? "console" : "page");
  attributes = {};
  transcript.clear();
  useSession();
  composer.focus();
}

function connectionChanged(state) {
  const wasOpen = byId("connection-state").dataset.state === "open";
  const words = settings.asConsole ? "off (console test window)" : connectionInWords(state);
  byId("connection-state").dataset.state = state.name;
  byId("status").textContent = words;
  byId("reconnect").textContent = state.name === "closed" ? "Reconnect" : "Disconnect";
  byId("reconnect").disabled = settings.asConsole;
  panel.addEvent(`Connection ${words}`);
  if (wasOpen && state.name === "closed") announce("The connection is closed.");
  if (state.name === "open") readHealth(); // the server may be another one than before
  showHint();
}

function connectionInWords({ name, code, retryInSeconds }) {
  if (name !== "closed") return name;
  if (stack?.auth === "iam") return "refused: this page does not sign, as --auth iam asks for";
  return `closed (${code})${retryInSeconds ? `, retry in ${retryInSeconds} s` : ""}`;
}

function toggleConnection() {
  if (connection.state.name === "closed") connection.open(currentSession());
  else connection.close();
}

async function readHealth() {
  try {
    stack = await lex.health();
    byId("model").textContent = stack.model;
  } catch {
    byId("model").textContent = "unknown";
  }
}

/* Feedback */

function turnChanged() {
  composer.busy = turn !== null;
  byId("new-session").disabled = turn !== null;
  announce(turn ? "A reply is under way." : ""); // the reply itself is announced by the log
  showHint();
}

function showHint() {
  byId("hint").textContent = hint();
}

function hint() {
  if (turn) return "A reply is under way: you can write, and send when it is here.";
  if (settings.asConsole) return "Console test window: the reply comes in one piece.";
  if (connection.state.name === "closed") return "No connection: the reply comes in one piece.";
  return "Enter sends, Shift+Enter starts a new line.";
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
  byId("as-console").checked = settings.asConsole;
  byId("as-lex-web-ui").addEventListener("change", (event) => change("asLexWebUi", event.target.checked));
  byId("as-console").addEventListener("change", (event) => {
    change("asConsole", event.target.checked);
    useSession();
  });
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
await lex.forgetSessionsOfAnotherTab();
useSession();
