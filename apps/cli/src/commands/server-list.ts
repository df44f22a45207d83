import type { Command } from 'commander';
import { collect } from '../api/collect.js';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';

const document = /* GraphQL */ `
  query ListVirtualServers($after: String) {
    list: virtualServers(first: 100, after: $after) {
      edges {
        node {
          id
          slug
          name
          visibility
          enabled
          prefixNames
          endpointUrl
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
  readonly endpointUrl: string;
  readonly visibility: string;
  readonly enabled: boolean;
  readonly team: { readonly slug: string } | null;
}

/** `gatehouse server list`: the virtual servers that the user may see. */
export const serverList = ({ connect, out }: CliContext): Command =>
  defineCommand('list', 'list the virtual servers that you may see').action(async () => {
    out.table(
      await collect<Row>(connect(), document),
      [
        { title: 'SLUG', value: ({ slug }) => slug },
        { title: 'ADDRESS', value: ({ endpointUrl }) => endpointUrl, shrinks: true },
        { title: 'SEEN BY', value: ({ visibility, team }) => team?.slug ?? visibility.toLowerCase() },
        { title: 'STATE', value: ({ enabled }) => (enabled ? 'enabled' : 'disabled') },
      ],
      'No virtual servers yet. Compose one: gatehouse server create SLUG',
    );
  });
