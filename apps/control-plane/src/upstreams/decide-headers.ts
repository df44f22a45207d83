import type { ForwardedHeader } from '#contracts';
import { DomainError } from '#kernel';

/** What an input may say about headers; absent means as before, null means none. */
export interface HeadersInput {
  readonly headers?: readonly { readonly name: string; readonly value: string }[] | null | undefined;
  readonly forwardedHeaders?: readonly ForwardedHeader[] | null | undefined;
}

/** As a row holds them: JSON. */
export interface StoredHeaders {
  readonly headers: string;
  readonly forwardedHeaders: string;
}

/** An upstream without any. */
export const noHeaders: StoredHeaders = { headers: '{}', forwardedHeaders: '[]' };

const refuse = (field: string, text: string) => new DomainError('BAD_USER_INPUT', `${field} ${text}`, { field });

/**
 * Puts an input over the stored headers. Each header of a request to the upstream has one source: its credential, a
 * fixed value or the client.
 * @param authHeader the header of the credential, null without one
 * @throws DomainError BAD_USER_INPUT naming the entry at fault
 */
export function decideHeaders(
  input: HeadersInput,
  authHeader: string | null,
  before: StoredHeaders = noHeaders,
): StoredHeaders {
  const fixed =
    input.headers === undefined
      ? (JSON.parse(before.headers) as Readonly<Record<string, string>>)
      : Object.fromEntries((input.headers ?? []).map(({ name, value }) => [name, value]));
  const forwarded =
    input.forwardedHeaders === undefined
      ? (JSON.parse(before.forwardedHeaders) as readonly ForwardedHeader[])
      : (input.forwardedHeaders ?? []);
  refuseTwoSources(input, fixed, forwarded, authHeader?.toLowerCase());
  return { headers: JSON.stringify(fixed), forwardedHeaders: JSON.stringify(forwarded) };
}

function refuseTwoSources(
  said: HeadersInput,
  fixed: Readonly<Record<string, string>>,
  forwarded: readonly ForwardedHeader[],
  credential: string | undefined,
): void {
  const twin = Object.keys(fixed).indexOf(credential ?? '');
  if (twin >= 0)
    throw refuse(
      said.headers ? `headers.${twin}.name` : 'authHeader',
      'is the header of the credential and of a fixed value.',
    );
  for (const [at, { to }] of forwarded.entries()) {
    const field = `forwardedHeaders.${at}.to`;
    if (to === credential)
      throw refuse(said.forwardedHeaders ? field : 'authHeader', 'is the header of the credential and forwarded.');
    if (Object.hasOwn(fixed, to))
      throw refuse(said.forwardedHeaders ? field : 'headers', `would set ${to} a second time.`);
  }
}
