const eventStream = /(?:^|,)\s*text\/event-stream\s*(?:;([^,]*))?(?:,|$)/i;
const refused = /;?\s*q\s*=\s*0(?:\.0*)?\s*(?:;|$)/i;

/** Whether an Accept header names event streams; a wildcard does not, because it says nothing about them. */
export function acceptsEventStream(accept: string | undefined): boolean {
  const match = accept === undefined ? null : eventStream.exec(accept);
  return match !== null && !refused.test(match[1] ?? '');
}
