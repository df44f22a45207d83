import type { Command } from 'commander';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';
import { exitCodes } from '../exit-codes.js';
import { renderTable } from '../render-table.js';

const document = /* GraphQL */ `
  query VerifyAudit {
    verifyAudit {
      valid
      checkedEvents
      problems {
        kind
        writer
        epoch
        sequence
        message
      }
    }
  }
`;

interface Verification {
  readonly valid: boolean;
  readonly checkedEvents: number;
  readonly problems: readonly {
    readonly kind: string;
    readonly writer: string | null;
    readonly sequence: number | null;
    readonly message: string;
  }[];
}

function describe({ valid, checkedEvents, problems }: Verification): string {
  if (valid) return `The audit log is intact: ${checkedEvents} events checked.`;
  const table = renderTable(
    problems,
    [
      { title: 'PROBLEM', value: ({ kind }) => kind },
      { title: 'WRITER', value: ({ writer }) => writer, shrinks: true },
      { title: 'AT', value: ({ sequence }) => sequence },
      { title: 'MEANING', value: ({ message }) => message, shrinks: true },
    ],
    80,
  );
  return `The audit log is NOT intact (${checkedEvents} events checked):\n${table}`;
}

/** `gatehouse audit verify`: recomputes the hash chains and compares them with their signed checkpoints. */
export const auditVerify = ({ connect, endWith, out }: CliContext): Command =>
  defineCommand('verify', 'check the audit log for edited, removed and missing events; exit code 1 if any').action(
    async () => {
      out.note('Checking every event …');
      const { verifyAudit } = await connect().query<{ verifyAudit: Verification }>(document);
      out.result(verifyAudit, describe(verifyAudit));
      if (!verifyAudit.valid) endWith(exitCodes.failed);
    },
  );
