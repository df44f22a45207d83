import { z } from 'zod';
import { headerText, headerToken, isGatewayHeader } from './header-names.js';

const maxSecretBytes = 8 * 1024;

/** The name of the header that carries the credential of an upstream. */
export const authHeader = () =>
  z
    .string('must be text')
    .trim()
    .max(100, 'must have at most 100 characters')
    .regex(headerToken, 'must be the name of an HTTP header, such as Authorization or X-Api-Key')
    .refine((name) => !isGatewayHeader(name.toLowerCase()), 'is a header that the gateway sets itself; choose another');

/** The value of that header: what may stand in one (RFC 9110 §5.5), so no line break can begin another header. */
export const authSecret = () =>
  z
    .string('must be text')
    .min(1, 'must not be empty')
    .refine((value) => Buffer.byteLength(value) <= maxSecretBytes, `must have at most ${maxSecretBytes} bytes`)
    .refine(
      (value) => headerText.test(value),
      'must not hold line breaks, control characters or characters beyond Latin-1',
    );
