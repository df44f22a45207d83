import { setTimeout as delay } from 'node:timers/promises';
import type { Api } from '../api/create-api.js';

/** An audit event as the demo shows it. */
export interface AuditRow {
  readonly occurredAt: string;
  readonly action: string;
  readonly outcome: string;
  readonly reason: string | null;
  readonly actorUser: { readonly email: string } | null;
  readonly subjectType: string | null;
  readonly subjectId: string | null;
  readonly requestId: string;
}

const document = /* GraphQL */ `
  query DemoAuditRows($from: DateTime!) {
    auditEvents(first: 100, filter: { action: "tools/call", from: $from }) {
      edges {
        node {
          id
          occurredAt
          action
          outcome
          reason
          actorUser {
            email
          }
          subjectType
          subjectId
          requestId
        }
      }
    }
  }
`;

interface Answer {
  readonly auditEvents: { readonly edges: readonly { readonly node: AuditRow }[] };
}

/** The gateway writes its audit in batches, several a second. */
const pauseMs = 200;
const patienceMs = 10_000;

/** The audit events of these requests, in their order; waits until all are written, and answers what there is then. */
export async function readAuditRows(api: Api, from: Date, requestIds: readonly string[]): Promise<AuditRow[]> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const { auditEvents } = await api.query<Answer>(document, { from: from.toISOString() });
    const found = requestIds.flatMap((id) => auditEvents.edges.filter(({ node }) => node.requestId === id));
    if (found.length >= requestIds.length || Date.now() > deadline) return found.map(({ node }) => node);
    await delay(pauseMs);
  }
}
