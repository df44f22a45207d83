import { failed } from '../command-failure.js';
import type { Api } from './create-api.js';

interface Connection<T> {
  readonly edges: readonly { readonly node: T }[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

const mostPages = 1_000;

/**
 * Every node of a connection, page by page.
 * @param document takes `$after: String`, asks for `first: 100`, and names the connection `list`
 */
export async function collect<T>(api: Api, document: string, variables: Record<string, unknown> = {}): Promise<T[]> {
  const nodes: T[] = [];
  let after: string | null = null;
  for (let page = 0; page < mostPages; page += 1) {
    const { list }: { list: Connection<T> } = await api.query(document, { ...variables, after });
    nodes.push(...list.edges.map(({ node }) => node));
    if (!list.pageInfo.hasNextPage) return nodes;
    after = list.pageInfo.endCursor;
  }
  throw failed(`The list has more than ${mostPages * 100} entries.`);
}
