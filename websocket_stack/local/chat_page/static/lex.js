/** Requests to the Lex V2 runtime of the local stack, and the ids of sessions. */

export const LONGEST_TEXT = 1024;

const BOT = "/bots/LOCALBOT01/botAliases/TSTALIASID/botLocales/en_US";
const ANSWER_TIMEOUT_MS = 60_000; // Lex itself gives up after 30 s

/** Why there is no reply; the message is a sentence to show. */
export class TurnError extends Error {}

/** Resolves to Lex's answer. Without `sessionAttributes` none are sent, and Lex keeps those it has. */
export async function ask(sessionId, text, sessionAttributes) {
  const sessionState = sessionAttributes && { sessionAttributes };
  try {
    const response = await fetch(`${sessionPath(sessionId)}/text`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ text, sessionState }),
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
    });
    if (!response.ok) throw new TurnError(await refusal(response));
    return await response.json();
  } catch (error) {
    throw error instanceof TurnError ? error : new TurnError(failure(error));
  }
}

export async function endSession(sessionId) {
  await fetch(sessionPath(sessionId), { method: "DELETE" });
}

/** The id of this tab's session; `kind` is "page", "console", "chat" or "graphql". */
export function sessionId(kind) {
  return sessionStorage.getItem(kind) ?? newSessionId(kind);
}

export function newSessionId(kind) {
  const id = kind === "console" ? randomDigits(15) : `${kind}-${randomHex(16)}`;
  sessionStorage.setItem(kind, id);
  return id;
}

/**
 * A duplicated tab starts with a copy of the other's sessionStorage, and would take over its connection.
 * A lock held as long as the page lives tells; after a reload, the page before may take a moment to let go.
 */
export async function forgetSessionsOfAnotherTab() {
  if (!navigator.locks) return; // not a secure context: plain http from another machine
  const tab = sessionStorage.getItem("tab") ?? randomHex(8);
  sessionStorage.setItem("tab", tab);
  if (await holdLock(`tab ${tab}`)) return;
  sessionStorage.clear();
  await forgetSessionsOfAnotherTab();
}

function holdLock(name) {
  return new Promise((resolve) => {
    const hold = () => new Promise(() => resolve(true));
    const signal = AbortSignal.timeout(300);
    navigator.locks.request(name, { signal }, hold).catch(() => resolve(false));
  });
}

function sessionPath(id) {
  return `${BOT}/sessions/${encodeURIComponent(id)}`;
}

async function refusal(response) {
  const type = response.headers.get("x-amzn-ErrorType")?.split(":")[0] ?? "";
  const { message = "" } = await response.json().catch(() => ({}));
  const name = `${response.status} ${type}`.trim();
  return `${reason(response.status)} (${[name, message.replace(/\.$/, "")].filter(Boolean).join(": ")}).`;
}

function reason(status) {
  if (status === 424) return "The bot’s Lambda function failed, so Lex has no reply";
  if (status === 429) return "Lex takes no more questions at the moment";
  if (status >= 500) return "The server failed";
  return "Lex did not accept the question";
}

function failure(error) {
  if (error.name === "TimeoutError") return `No reply came within ${ANSWER_TIMEOUT_MS / 1000} seconds.`;
  if (error instanceof SyntaxError) return "The server’s answer could not be read.";
  return "The local stack cannot be reached. Is it still running?";
}

function randomHex(bytes) {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return Array.from(values, (value) => value.toString(16).padStart(2, "0")).join("");
}

function randomDigits(count) {
  const values = crypto.getRandomValues(new Uint32Array(count));
  return Array.from(values, (value, place) => (place ? value % 10 : 1 + (value % 9))).join("");
}
