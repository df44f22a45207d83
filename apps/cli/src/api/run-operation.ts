import type { Api } from './create-api.js';
import { waitForOperation, type Operation } from './wait-for-operation.js';

const documents = {
  CHECK: /* GraphQL */ `
    mutation CheckUpstream($input: CheckUpstreamInput!) {
      payload: checkUpstream(input: $input) {
        operation {
          id
          kind
          state
          code
          message
          result
        }
        userErrors {
          field
          code
          message
        }
      }
    }
  `,
  SYNC: /* GraphQL */ `
    mutation SyncUpstream($input: SyncUpstreamInput!) {
      payload: syncUpstream(input: $input) {
        operation {
          id
          kind
          state
          code
          message
          result
        }
        userErrors {
          field
          code
          message
        }
      }
    }
  `,
};

/** Asks the worker to check or read an upstream, and waits for what comes of it. */
export async function runOperation(
  api: Api,
  kind: Operation['kind'],
  upstreamId: string,
  waitMs: number,
): Promise<Operation> {
  const { operation } = await api.mutate<{ operation: Operation }>(documents[kind], { id: upstreamId });
  return waitForOperation(api, operation, waitMs);
}
