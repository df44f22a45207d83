import { isObject } from '#mcp';
import type { Answer } from '../pipeline/calls.js';

/** As much of an answer as telemetry asks about. */
export type ToldAnswer = Pick<Answer, 'status' | 'outcome' | 'reason' | 'details' | 'body'>;

/** How an answer failed, in the words of the conventions. */
export interface Failure {
  /** The JSON-RPC error code, `tool_error`, or our reason where the client got no JSON-RPC error; null: it did not. */
  readonly errorType: string | null;
  /** The code of the JSON-RPC error, as text. */
  readonly rpcCode: string | null;
}

const none: Failure = { errorType: null, rpcCode: null };

/** Reads the failure off an answer; only an answer that failed is parsed. */
export function failureOf({ outcome, reason, details, body }: ToldAnswer): Failure {
  if (details?.['resultIsError'] === true) return { errorType: 'tool_error', rpcCode: null };
  if (outcome === 'ALLOWED') return none;
  const told = details?.['rpcCode'];
  const code = typeof told === 'number' ? told : rpcCodeIn(body);
  if (code !== null) return { errorType: String(code), rpcCode: String(code) };
  return { errorType: reason ?? '_OTHER', rpcCode: null };
}

function rpcCodeIn(body: ToldAnswer['body']): number | null {
  if (body === null) return null;
  try {
    const parsed: unknown = JSON.parse(body.toString());
    const error = isObject(parsed) ? parsed['error'] : null;
    return isObject(error) && typeof error['code'] === 'number' ? error['code'] : null;
  } catch {
    return null;
  }
}
