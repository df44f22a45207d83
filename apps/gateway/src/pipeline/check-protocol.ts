import { DomainError } from '#kernel';
import { assertModernVersion, checkModernHeaders } from '#mcp';
import type { ConformingCall, RoutedCall } from './calls.js';

/**
 * Refuses a message of a revision that is not spoken here (−32022), or whose headers do not say what its body says
 * (−32020; 2026-07-28, Standard Request Headers).
 */
export function checkProtocol(call: RoutedCall): ConformingCall {
  const { kind, era, method, version, problem, received, inBatch } = call.message;
  if (problem !== null || version === null)
    throw problem ?? new DomainError('MALFORMED_REQUEST', 'The message names no revision.');
  if (era === 'MODERN') {
    assertModernVersion(version);
    if (kind === 'request') checkModernHeaders(received.headers, received.message);
  }
  if (inBatch && method === 'initialize')
    throw new DomainError('MALFORMED_REQUEST', 'initialize must not be part of a batch.');
  return { ...call, protocolVersion: version };
}
