import type { Era } from '#contracts';
import { extensionsOf, isObject, TASKS_EXTENSION, type JsonObject } from '#mcp';
import type { Endpoint } from '#snapshot';
import { ownUpstream } from '../relay/endpoint-upstreams.js';

/** Who asks, as far as it makes a difference: what came with the last legacy revision has no words in older ones. */
type Speaker = Era | 'OLDER';

const made: Record<Speaker, WeakMap<Endpoint, JsonObject>> = {
  OLDER: new WeakMap(),
  LEGACY: new WeakMap(),
  MODERN: new WeakMap(),
};
/** The first revision with core tasks, and the only one. */
const tasksFrom = '2025-11-25';

type Capabilities = Readonly<JsonObject>;

const any = (all: readonly Capabilities[], key: string): boolean => all.some((one) => isObject(one[key]));

function extensions(all: readonly Capabilities[]): JsonObject {
  const merged = Object.assign({}, ...all.map((one) => extensionsOf(one) ?? {})) as JsonObject;
  return Object.keys(merged).length === 0 ? {} : { extensions: merged };
}

/** Core tasks (2025-11-25) are relayed by the id of a task; there is no list of them over several upstreams. */
const hasTasks = (all: readonly Capabilities[]): boolean =>
  all.some(({ tasks }) => isObject(tasks) && isObject(tasks['requests']) && isObject(tasks['requests']['tools']));

/** What is relayed of what the upstreams behind the endpoint can do, and what is made here. */
function merge(endpoint: Endpoint, era: Era): JsonObject {
  const { prompts, resourceTemplates, resources, tools, upstreams } = endpoint;
  const all = upstreams.map(({ capabilities }) => capabilities);
  const subscribe = all.some((one) => isObject(one['resources']) && one['resources']['subscribe'] === true);
  const offersResources = resources.size > 0 || resourceTemplates.length > 0;
  return {
    ...(tools.size > 0 ? { tools: { listChanged: true } } : {}),
    ...(offersResources ? { resources: { listChanged: true, ...(subscribe ? { subscribe } : {}) } } : {}),
    ...(prompts.size > 0 ? { prompts: { listChanged: true } } : {}),
    ...(any(all, 'logging') ? { logging: {} } : {}),
    ...(any(all, 'completions') ? { completions: {} } : {}),
    ...(era === 'LEGACY' && hasTasks(all) ? { tasks: { cancel: {}, requests: { tools: { call: {} } } } } : {}),
    ...extensions(all),
  };
}

/** A pass-through is what its upstream is, but for what the client's era has no words for. */
function ofUpstream(own: Capabilities, era: Era, upstreamEra: Era | null): JsonObject {
  if (upstreamEra === era) return { ...own };
  const { tasks: _, extensions: offered, ...rest } = own;
  const kept = isObject(offered) ? Object.entries(offered).filter(([key]) => key !== TASKS_EXTENSION) : [];
  const bridged = era === 'LEGACY' ? offered : Object.fromEntries(kept);
  return isObject(bridged) && Object.keys(bridged).length > 0 ? { ...rest, extensions: bridged } : rest;
}

function make(endpoint: Endpoint, speaker: Speaker): JsonObject {
  if (speaker === 'OLDER') {
    const { tasks: _, ...rest } = make(endpoint, 'LEGACY');
    return rest;
  }
  const own = ownUpstream(endpoint);
  if (own === null) return merge(endpoint, speaker);
  const [first] = endpoint.upstreams;
  const isKnown = first !== undefined && Object.keys(first.capabilities).length > 0;
  return isKnown ? ofUpstream(first.capabilities, speaker, own.era) : { tools: {}, resources: {}, prompts: {} };
}

/** What clients of a revision can ask of an endpoint; made once for as long as the snapshot keeps the endpoint. */
export function capabilitiesOf(endpoint: Endpoint, era: Era, protocolVersion: string): JsonObject {
  const speaker = era === 'LEGACY' && protocolVersion < tasksFrom ? 'OLDER' : era;
  let found = made[speaker].get(endpoint);
  if (found === undefined) {
    found = make(endpoint, speaker);
    made[speaker].set(endpoint, found);
  }
  return found;
}
