import type { UpstreamTarget } from '#snapshot';
import type { TalkativeUpstream } from '../e2e/talkative-upstream.js';
import { endpoint, upstreamTarget } from './gateway-harness.js';

const offered = {
  tools: { listChanged: true },
  resources: { subscribe: true },
  logging: {},
  completions: {},
  tasks: { list: {}, requests: { tools: { call: {} } } },
  extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html'] }, 'vendor.example/x': {} },
};

/** The tools of a talkative upstream that the tests of the relay use. */
export const talkativeTools = ['echo', 'elicit', 'elicit-error', 'two-rounds', 'job'];

/** What a talkative upstream offers. */
export const talkativeCatalogue = (tools: readonly string[]) => ({
  tools: tools.map((name) => ({
    definition: { name, inputSchema: { type: 'object' }, _meta: { ui: { resourceUri: 'ui://talk/page', x: 1 } } },
    run: () => ({}),
  })),
  resources: ['talk://watched', 'talk://other', 'ui://talk/page'].map((uri) => ({
    definition: { uri, name: uri },
    contents: {},
  })),
  resourceTemplates: null,
  prompts: [],
});

/** A talkative upstream as the snapshot knows it. */
export const talkativeTarget = (server: TalkativeUpstream, more: Parameters<typeof upstreamTarget>[2] = {}) =>
  upstreamTarget(server.era, server.url, {
    era: server.era === 'legacy' ? 'LEGACY' : 'MODERN',
    protocolVersion: server.era === 'legacy' ? '2025-11-25' : '2026-07-28',
    capabilities: JSON.stringify(offered),
    ...more,
  });

/** Everything of some talkative upstreams, under their prefixes. */
export const talkativeEndpoint = (targets: readonly UpstreamTarget[], tools: readonly string[] = talkativeTools) =>
  endpoint(
    { kind: 'aggregate', slug: null },
    targets.map((upstream) => ({ upstream, catalogue: talkativeCatalogue(tools), prefixed: true })),
  );
