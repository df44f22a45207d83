/**
 * Tells a client that things have changed, no faster than it reads: what is said again before the client has taken the
 * first is said once, in its last words, so that a slow reader costs one text for each thing.
 * @param say a promise resolves when the client can take more; it never rejects
 * @returns takes a text, and what it is about where that is not the text itself
 */
export function levelTeller(say: (text: string) => void | Promise<void>): (text: string, about?: string) => void {
  const waiting = new Map<string, string>();
  let isBehind = false;
  const tell = (text: string, about = text): void => {
    if (isBehind) {
      waiting.set(about, text);
      return;
    }
    const taken = say(text);
    if (!taken) return;
    isBehind = true;
    void taken.then(catchUp);
  };
  const catchUp = (): void => {
    isBehind = false;
    const texts = [...waiting];
    waiting.clear();
    for (const [about, text] of texts) tell(text, about);
  };
  return tell;
}
