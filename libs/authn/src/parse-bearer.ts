/** Every API token begins with this, so that secret scanners find it. */
export const apiTokenPrefix = 'gth_';

const maxTokenLength = 4096;
// RFC 6750 §2.1 b64token; the scheme is case-insensitive (RFC 9110 §11.1).
const bearerPattern = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;
const apiTokenPattern = /^gth_[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/**
 * The token of an `Authorization: Bearer …` header, or `null` for anything else: no header, several, another scheme,
 * more than one token, foreign characters, more than 4096 characters.
 */
export function parseBearer(header: string | readonly string[] | undefined): string | null {
  const values = typeof header === 'string' ? [header] : (header ?? []);
  const [value] = values;
  if (values.length !== 1 || value === undefined || value.length > maxTokenLength + 16) return null;
  const token = bearerPattern.exec(value)?.[1];
  return token !== undefined && token.length <= maxTokenLength ? token : null;
}

/** True for text of the form `gth_` + three base64url parts; says nothing about whether the token is genuine. */
export const looksLikeApiToken = (token: string): boolean =>
  token.length <= maxTokenLength && apiTokenPattern.test(token);
