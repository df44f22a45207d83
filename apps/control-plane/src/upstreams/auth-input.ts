import { z } from 'zod';

const maxSecretBytes = 8 * 1024;

/** A header name as RFC 9110 §5.1 spells it. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Headers that the gateway or HTTP itself sets: a credential there would break the request, or smuggle another one. */
const taken = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'date',
  'expect',
  'forwarded',
  'host',
  'keep-alive',
  'last-event-id',
  'origin',
  'te',
  'trailer',
  'traceparent',
  'tracestate',
  'transfer-encoding',
  'upgrade',
  'user-agent',
  'via',
  'x-request-id',
]);

const isTaken = (name: string): boolean => taken.has(name) || /^(mcp-|proxy-|sec-|x-forwarded-)/.test(name);

/** The name of the header that carries the credential of an upstream. */
export const authHeader = () =>
  z
    .string('must be text')
    .trim()
    .max(100, 'must have at most 100 characters')
    .regex(token, 'must be the name of an HTTP header, such as Authorization or X-Api-Key')
    .refine((name) => !isTaken(name.toLowerCase()), 'is a header that the gateway sets itself; choose another');

/** The value of that header: what may stand in one (RFC 9110 §5.5), so no line break can begin another header. */
export const authSecret = () =>
  z
    .string('must be text')
    .min(1, 'must not be empty')
    .refine((value) => Buffer.byteLength(value) <= maxSecretBytes, `must have at most ${maxSecretBytes} bytes`)
    .refine(
      (value) => /^[\t\x20-\x7e\x80-\xff]*$/.test(value),
      'must not hold line breaks, control characters or characters beyond Latin-1',
    );
