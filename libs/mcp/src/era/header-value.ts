const PREFIX = '=?base64?';
const SUFFIX = '?=';
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** Visible ASCII, inner blanks and tabs only, no leading or trailing white space (RFC 9110 §5.5). */
const SAFE = /^[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?$/;

/** A text as header value: itself where that is safe, else `=?base64?…?=` (2026-07-28, Standard Request Headers). */
export const encodeHeaderValue = (text: string): string =>
  SAFE.test(text) && !(text.startsWith(PREFIX) && text.endsWith(SUFFIX))
    ? text
    : `${PREFIX}${Buffer.from(text, 'utf8').toString('base64')}${SUFFIX}`;

/** The text of a header value; null when it looks like the base64 form and is not canonical base64 of UTF-8. */
export function decodeHeaderValue(value: string): string | null {
  if (!(value.startsWith(PREFIX) && value.endsWith(SUFFIX)) || value.length < PREFIX.length + SUFFIX.length)
    return value;
  const payload = value.slice(PREFIX.length, -SUFFIX.length);
  if (!BASE64.test(payload)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.from(payload, 'base64'));
  } catch {
    return null;
  }
}
