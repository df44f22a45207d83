import { isObject, type JsonObject } from '../envelope/messages.js';
import { META } from './protocol-versions.js';

const logLevels = new Set<unknown>(['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency']);

const knownCapabilities = ['sampling', 'elicitation', 'roots', 'experimental', 'extensions'];

/** The `_meta` object of a message's params, or null. */
export function metaOf(params: JsonObject | undefined): JsonObject | null {
  const meta = params?.['_meta'];
  return isObject(meta) ? meta : null;
}

/**
 * What is wrong with the per-request envelope (2026-07-28: protocolVersion and clientCapabilities are required), or
 * null. The text begins with the key at fault.
 */
export function envelopeProblem(meta: JsonObject): string | null {
  if (!(META.protocolVersion in meta)) return `${META.protocolVersion} is missing`;
  if (!(META.clientCapabilities in meta)) return `${META.clientCapabilities} is missing`;
  if (typeof meta[META.protocolVersion] !== 'string') return `${META.protocolVersion} must be a string`;
  const capabilities = meta[META.clientCapabilities];
  if (!isObject(capabilities)) return `${META.clientCapabilities} must be an object`;
  const odd = knownCapabilities.find((key) => capabilities[key] !== undefined && !isObject(capabilities[key]));
  if (odd !== undefined) return `${META.clientCapabilities}.${odd} must be an object`;
  const info = meta[META.clientInfo];
  if (
    info !== undefined &&
    !(isObject(info) && typeof info['name'] === 'string' && typeof info['version'] === 'string')
  )
    return `${META.clientInfo} must have a name and a version`;
  const level = meta[META.logLevel];
  if (level !== undefined && !logLevels.has(level)) return `${META.logLevel} is no log level`;
  return null;
}
