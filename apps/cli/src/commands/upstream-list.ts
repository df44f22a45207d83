import type { Command } from 'commander';
import { collect } from '../api/collect.js';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';

const document = /* GraphQL */ `
  query ListUpstreams($after: String) {
    list: upstreams(first: 100, after: $after) {
      edges {
        node {
          id
          slug
          name
          transport
          url
          command
          visibility
          enabled
          hasCredential
          connectTimeout
          headersTimeout
          requestTimeout
          maxRequestTime
          headers {
            name
            value
          }
          forwardedHeaders {
            from
            to
          }
          protocolEra
          era
          protocolVersion
          health
          healthCode
          team {
            slug
          }
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

interface Row {
  readonly slug: string;
  readonly transport: keyof typeof transportNames;
  readonly url: string;
  readonly visibility: string;
  readonly enabled: boolean;
  readonly protocolVersion: string | null;
  readonly health: string;
  readonly healthCode: string | null;
  readonly team: { readonly slug: string } | null;
}

const transportNames = { STREAMABLE_HTTP: 'http', SSE: 'sse', STDIO: 'stdio' } as const;

const health = ({ enabled, health, healthCode }: Row) =>
  enabled ? [health.toLowerCase(), healthCode].filter(Boolean).join(' ') : 'disabled';

/** `gatehouse upstream list`: the MCP servers that the user may see. */
export const upstreamList = ({ connect, out }: CliContext): Command =>
  defineCommand('list', 'list the MCP servers that you may see').action(async () => {
    const rows = await collect<Row>(connect(), document);
    out.table(
      rows,
      [
        { title: 'SLUG', value: ({ slug }) => slug },
        { title: 'VIA', value: ({ transport }) => transportNames[transport] },
        { title: 'ADDRESS', value: ({ url }) => url, shrinks: true },
        { title: 'SEEN BY', value: ({ visibility, team }) => team?.slug ?? visibility.toLowerCase() },
        { title: 'PROTOCOL', value: ({ protocolVersion }) => protocolVersion },
        { title: 'HEALTH', value: health, shrinks: true },
      ],
      'No upstreams yet. Register one: gatehouse upstream add SLUG URL',
    );
  });
