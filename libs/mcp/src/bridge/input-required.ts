import { isObject, type JsonObject } from '../envelope/messages.js';
import { META } from '../era/protocol-versions.js';
import { memberValue, objectMembers } from '../json/json-text.js';
import type { Implementation } from '../upstream/upstream-connection.js';

/** One question of a server within a result (2026-07-28, Multi Round-Trip Requests). */
export interface InputRequest {
  readonly key: string;
  readonly method: string;
  readonly params: JsonObject | undefined;
  /** JSON text of `params`. */
  readonly paramsText: string;
}

/** A result that asks for more. */
export interface InputRequired {
  readonly requests: readonly InputRequest[];
  /** To be sent back byte by byte; null where there is none. */
  readonly requestState: string | null;
}

/** Reads an `input_required` result; null when it is malformed, or asks for nothing and keeps no state. */
export function readInputRequired(resultText: string, result: JsonObject): InputRequired | null {
  const { inputRequests, requestState } = result;
  if (requestState !== undefined && typeof requestState !== 'string') return null;
  if (inputRequests !== undefined && !isObject(inputRequests)) return null;
  if (inputRequests === undefined && requestState === undefined) return null;
  const requests: InputRequest[] = [];
  for (const { key, value } of objectMembers(memberValue(resultText, 'inputRequests') ?? '{}')) {
    const request = inputRequests?.[key];
    if (!isObject(request) || typeof request['method'] !== 'string') return null;
    const { method, params } = request;
    if (params !== undefined && !isObject(params)) return null;
    requests.push({ key, method, params, paramsText: memberValue(value, 'params') ?? '{}' });
  }
  return { requests, requestState: requestState ?? null };
}

/** An `input_required` result, as text. */
export function inputRequiredResult(
  requests: readonly Pick<InputRequest, 'key' | 'method' | 'paramsText'>[],
  requestState: string,
  serverInfo: Implementation,
): string {
  const members = requests.map(
    ({ key, method, paramsText }) =>
      `${JSON.stringify(key)}:{"method":${JSON.stringify(method)},"params":${paramsText}}`,
  );
  const meta = JSON.stringify({ [META.serverInfo]: serverInfo });
  return `{"resultType":"input_required","inputRequests":{${members.join(',')}},"requestState":${JSON.stringify(requestState)},"_meta":${meta}}`;
}

/** The answers of a client within a retried request, by key, as text. What is no object is left out. */
export function inputResponsesOf(requestText: string, params: JsonObject | undefined): ReadonlyMap<string, string> {
  const responses = new Map<string, string>();
  const given = params?.['inputResponses'];
  if (!isObject(given)) return responses;
  const text = memberValue(memberValue(requestText, 'params') ?? '{}', 'inputResponses') ?? '{}';
  for (const { key, value } of objectMembers(text)) if (isObject(given[key])) responses.set(key, value);
  return responses;
}
