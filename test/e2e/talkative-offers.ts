type Json = Record<string, unknown>;

/** What a talkative upstream speaks. */
export type TalkativeEra = 'legacy' | 'modern';

/** What it says that it can do. */
export const capabilitiesOf = (era: TalkativeEra): Json => ({
  tools: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  prompts: { listChanged: true },
  logging: {},
  completions: {},
  ...(era === 'legacy'
    ? { tasks: { list: {}, cancel: {}, requests: { tools: { call: {} } } } }
    : { extensions: { 'io.modelcontextprotocol/tasks': {}, 'vendor.example/x': {} } }),
});

/** A task as it is shown. */
export function taskOf(era: TalkativeEra, taskId: string, status: string | undefined): Json {
  const times = era === 'modern' ? { ttlMs: 1000 } : { ttl: 1000 };
  return { taskId, status, createdAt: 'now', ...times };
}

/** A result with what its era demands of every one. */
export const finished = (era: TalkativeEra, result: Json): Json =>
  era === 'legacy'
    ? result
    : {
        resultType: 'complete',
        ...result,
        _meta: { 'io.modelcontextprotocol/serverInfo': { name: 't', version: '1' } },
      };
