import { CommandFailure } from '../command-failure.js';
import { exitCodes } from '../exit-codes.js';
import { createHttp } from './create-http.js';
import { readAnswer, type UserError } from './read-answer.js';
import { unreachable } from './unreachable.js';

/** The GraphQL API of one control plane. Failures are CommandFailures with their exit code. */
export interface Api {
  readonly url: string;
  /** Runs a document and answers its data. */
  query<T>(document: string, variables?: Readonly<Record<string, unknown>>): Promise<T>;
  /**
   * Runs a mutation of the form `mutation($input: …) { payload: name(input: $input) { … userErrors { … } } }` and answers
   * the payload; user errors end the command.
   */
  mutate<T>(document: string, input: Readonly<Record<string, unknown>>): Promise<T>;
  close(): Promise<void>;
}

/** Settings of {@link createApi}. */
export interface ApiOptions {
  /** Origin of the control plane. */
  readonly url: string;
  readonly userAgent: string;
  /** The credential, read anew with every request, so that it can change while a session is opened. */
  readonly headers: Readonly<Record<string, string>>;
  /** Sees the headers of every answer, for the cookie of a session. */
  readonly onAnswer?: (headers: Headers) => void;
}

/** Longer than checkUpstream and syncUpstream may wait by default. */
const timeoutMs = 60_000;

/** A client of the control plane at `url`. */
export function createApi({ url, userAgent, headers, onAnswer }: ApiOptions): Api {
  const http = createHttp(url, timeoutMs);
  async function query<T>(document: string, variables: Readonly<Record<string, unknown>> = {}): Promise<T> {
    const body = JSON.stringify({ query: document, variables });
    const request = {
      method: 'POST',
      headers: { ...headers, 'user-agent': userAgent, 'content-type': 'application/json' },
      body,
    };
    let answer: Response;
    let text: string;
    try {
      answer = await http.fetch(`${url}/graphql`, request);
      text = await answer.text();
    } catch (error) {
      throw unreachable(url, error);
    }
    onAnswer?.(answer.headers);
    return readAnswer(url, answer.status, text) as T;
  }
  return {
    url,
    query,
    mutate: async <T>(document: string, input: Readonly<Record<string, unknown>>) => {
      const { payload } = await query<{ payload: T & { userErrors: readonly UserError[] } }>(document, { input });
      if (payload.userErrors.length > 0) throw new CommandFailure(exitCodes.failed, payload.userErrors.map(toProblem));
      return payload;
    },
    close: () => http.close(),
  };
}

const toProblem = ({ field, code, message }: UserError) => ({ field: field ?? undefined, code, message });
