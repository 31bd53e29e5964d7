/**
 * The doors of the stack: the ways to ask the bot. Each has its own session and its own connection:
 *
 * - `longest`: how many characters a question may have
 * - `session`: the id that its turns belong to
 * - `state`: that of its connection, as `on.state` is told of it
 * - `open()`, `close()`, `newSession()`
 * - `ask(question)`: resolves to the messages of the reply, as Lex has them
 * - `stop()`, where a reply can be stopped
 *
 * `on` has the functions state(state), text(text), for each frame's text, and event(sentence).
 */

import { GraphQlDoor } from "./graphql_door.js";
import { ConsoleDoor, LexDoor } from "./lex_doors.js";
import { ChatDoor, TaskDoor } from "./socket_doors.js";

/** `sessionTable()` and `apiKey()` resolve to what the stack says of itself. */
export function doorsOf(on, { sessionTable, apiKey }) {
  return {
    lex: new LexDoor(on, sessionTable),
    console: new ConsoleDoor(on),
    task: new TaskDoor(on),
    chat: new ChatDoor(on),
    graphql: new GraphQlDoor(on, apiKey),
  };
}
