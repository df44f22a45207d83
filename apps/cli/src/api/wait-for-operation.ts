import { setTimeout as delay } from 'node:timers/promises';
import type { Api } from './create-api.js';

/** Background work of the worker, as far as it has come. */
export interface Operation {
  readonly id: string;
  readonly kind: 'CHECK' | 'SYNC';
  readonly state: 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED';
  readonly code: string | null;
  readonly message: string | null;
  readonly result: unknown;
}

const operationDocument = /* GraphQL */ `
  query Operation($id: ID!) {
    node(id: $id) {
      ... on UpstreamOperation {
        id
        kind
        state
        code
        message
        result
      }
    }
  }
`;

const isOver = ({ state }: Operation): boolean => state === 'SUCCEEDED' || state === 'FAILED';
const pauseMs = 500;

/** Asks until the operation has ended or the time is over, and answers its last state. */
export async function waitForOperation(api: Api, started: Operation, waitMs: number): Promise<Operation> {
  const deadline = Date.now() + waitMs;
  let operation = started;
  while (!isOver(operation) && Date.now() < deadline) {
    await delay(pauseMs);
    const { node } = await api.query<{ node: Operation | null }>(operationDocument, { id: started.id });
    if (!node) return operation;
    operation = node;
  }
  return operation;
}
