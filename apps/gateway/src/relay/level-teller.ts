/**
 * Tells a client that things have changed, no faster than it reads: what is said again before the client has taken the
 * first is said once, so that a slow reader costs one text for each thing.
 * @param say a promise resolves when the client can take more; it never rejects
 */
export function levelTeller(say: (text: string) => void | Promise<void>): (text: string) => void {
  const waiting = new Set<string>();
  let isBehind = false;
  const tell = (text: string): void => {
    if (isBehind) {
      waiting.add(text);
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
    for (const text of texts) tell(text);
  };
  return tell;
}
