/** So many things one client may be behind with, and everything that stands for several. */
const mostWaiting = 100;

/** What a client has not been told yet, by what it is about. */
class Waiting {
  readonly #texts = new Map<string, string>();
  #bytes = 0;
  #largest = 0;

  /** Bytes that wait beside the largest text: one alone may be of any size. */
  get beside(): number {
    return this.#bytes - this.#largest;
  }

  /**
   * Keeps a text in the place of what was kept about the same.
   * @param broader what is said instead where too much is waiting: it covers this, and others like it
   */
  keep(text: string, about: string, broader?: string): void {
    const isTooMuch = broader !== undefined && this.#texts.size >= mostWaiting && !this.#texts.has(about);
    const [kept, place] = isTooMuch ? [broader, broader] : [text, about];
    const bytes = Buffer.byteLength(kept);
    this.#bytes += bytes - Buffer.byteLength(this.#texts.get(place) ?? '');
    this.#largest = Math.max(this.#largest, bytes);
    this.#texts.set(place, kept);
  }

  take(): readonly (readonly [about: string, text: string])[] {
    const texts = [...this.#texts];
    this.#texts.clear();
    this.#bytes = 0;
    this.#largest = 0;
    return texts;
  }
}

/** How much {@link levelTeller} keeps, and for how long. */
export interface TellerBounds {
  /** Nothing is said before that. */
  readonly after?: Promise<void>;
  /** Bytes that may wait, beside one text of any size. */
  readonly maxWaiting: number;
  /** Hears once that more would have to wait: nothing is kept or said any more. */
  exceeded(): void;
}

/**
 * Tells a client that things have changed, no faster than it reads: what is said again before the client has taken the
 * first is said once, in its last words, so that a slow reader costs one text for each thing.
 * @param say a promise resolves when the client can take more; it never rejects
 * @returns takes a text, what it is about where that is not the text itself, and what is said instead for who is far
 * behind; a promise resolves when it makes sense to say more
 */
export function levelTeller(
  say: (text: string) => void | Promise<void>,
  { after, exceeded, maxWaiting }: TellerBounds,
): (text: string, about?: string, broader?: string) => void | Promise<void> {
  const waiting = new Waiting();
  let behind: Promise<void> | null = null;
  let isOver = false;
  const tell = (text: string, about = text, broader?: string): void | Promise<void> => {
    if (isOver) return;
    if (behind === null) return wait(say(text));
    waiting.keep(text, about, broader);
    if (waiting.beside <= maxWaiting) return behind;
    isOver = true;
    waiting.take();
    exceeded();
  };
  const wait = (taken: void | Promise<void>): void | Promise<void> => {
    if (taken) behind = taken.then(catchUp);
    return taken;
  };
  const catchUp = (): void => {
    behind = null;
    for (const [about, text] of waiting.take()) void tell(text, about);
  };
  void wait(after);
  return tell;
}
