import type { IncomingHttpHeaders } from 'node:http';
import { DomainError } from '#kernel';
import type { JsonRpcRequest } from '../envelope/messages.js';
import { decodeHeaderValue } from './header-value.js';

const nameSources: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
  'tasks/get': 'taskId',
  'tasks/update': 'taskId',
  'tasks/cancel': 'taskId',
};

/** The member of `params` that `Mcp-Name` mirrors for a method, or null. */
export const nameSource = (method: string): string | null =>
  Object.hasOwn(nameSources, method) ? (nameSources[method] ?? null) : null;

/** Members that name an object without being mirrored in a header: methods that 2026-07-28 does not have. */
const legacyMembers: Readonly<Record<string, string>> = {
  'resources/subscribe': 'uri',
  'resources/unsubscribe': 'uri',
  'tasks/result': 'taskId',
};

/** The member of `params` that names the object of a request, whether a header mirrors it or not; null: there is none. */
export const nameMember = (method: string): string | null =>
  nameSource(method) ?? (Object.hasOwn(legacyMembers, method) ? (legacyMembers[method] ?? null) : null);

const mismatch = (header: string, sent: string, body: string) =>
  new DomainError('HEADER_MISMATCH', `The header ${header} does not say what the body says: ${body}.`, {
    details: { mismatch: { header: sent, body } },
  });

/**
 * Refuses (HEADER_MISMATCH, −32020) a modern request that lacks `MCP-Protocol-Version`, `Mcp-Method` or, where one is
 * due, `Mcp-Name`, or whose `Mcp-Name` differs from the body. Equality of the other two is `classifyInbound`'s.
 */
export function checkModernHeaders(headers: Readonly<IncomingHttpHeaders>, message: JsonRpcRequest): void {
  if (headers['mcp-protocol-version'] === undefined)
    throw mismatch('MCP-Protocol-Version', '(missing)', 'it is required');
  if (headers['mcp-method'] === undefined) throw mismatch('Mcp-Method', '(missing)', 'it is required');
  const source = nameSource(message.method);
  if (source === null) return;
  const value = message.params?.[source];
  const header = headers['mcp-name'];
  if (header === undefined) {
    if (typeof value === 'string') throw mismatch('Mcp-Name', '(missing)', `params.${source} is set`);
    return;
  }
  const sent = String(header).trim();
  const decoded = decodeHeaderValue(sent);
  if (decoded === null) throw mismatch('Mcp-Name', sent, 'its base64 form is invalid');
  if (typeof value === 'string' && decoded !== value) throw mismatch('Mcp-Name', sent, `params.${source} differs`);
}
