const refused = /^q=0(?:\.0*)?$/;

/** Whether an Accept header names event streams; a wildcard does not, because it says nothing about them. */
export function acceptsEventStream(accept: string | undefined): boolean {
  // What nearly every client sends is not taken apart.
  if (accept === 'application/json, text/event-stream' || accept === 'text/event-stream') return true;
  // Split, not matched: on a header that is full of blanks an expression that skips them takes quadratic time.
  for (const range of accept?.toLowerCase().split(',') ?? []) {
    const [type = '', ...parameters] = range.split(';');
    if (type.trim() === 'text/event-stream')
      return !parameters.some((parameter) => refused.test(parameter.replaceAll(/[ \t]/g, '')));
  }
  return false;
}
