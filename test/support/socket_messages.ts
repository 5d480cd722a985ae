/**
 * Reads a WebSocket's messages one after the other.
 *
 * @module
 */
import { DEADLINE_MS } from "./command.ts";

/** See the module. Made right after the socket, it misses nothing. */
export class SocketMessages {
  readonly #messages: string[] = [];
  #wake: () => void = () => {};
  #isOver = false;

  constructor(socket: WebSocket) {
    socket.addEventListener("message", (event: MessageEvent<unknown>) => {
      this.#messages.push(String(event.data));
      this.#wake();
    });
    for (const name of ["close", "error"]) {
      socket.addEventListener(name, () => {
        this.#isOver = true;
        this.#wake();
      });
    }
  }

  /** The next message for which the condition holds; those before it are dropped. */
  async next(isWanted: (message: string) => boolean = () => true): Promise<string> {
    const deadline = Date.now() + DEADLINE_MS;
    while (true) {
      const message = this.#messages.shift();
      if (message !== undefined && isWanted(message)) return message;
      if (message !== undefined) continue;
      if (this.#isOver || Date.now() > deadline) throw new Error("The wanted message did not come");
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, DEADLINE_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
