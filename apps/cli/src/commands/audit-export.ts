import { setTimeout as delay } from 'node:timers/promises';
import { Option, type Command } from 'commander';
import type { Api } from '../api/create-api.js';
import type { CliContext } from '../cli-context.js';
import { CommandFailure } from '../command-failure.js';
import { defineCommand } from '../define-command.js';
import { exitCodes } from '../exit-codes.js';
import { parseInstant } from '../parse-instant.js';
import { parseSpan } from '../parse-span.js';

interface Options {
  readonly from?: Date;
  readonly to?: Date;
  readonly action?: string;
  readonly outcome?: string;
  readonly wait: number;
}

interface Export {
  readonly id: string;
  readonly state: string;
  readonly fileName: string | null;
  readonly records: number;
  readonly bytes: number;
  readonly sha256: string | null;
  readonly code: string | null;
  readonly message: string | null;
}

const startDocument = /* GraphQL */ `
  mutation ExportAudit($input: ExportAuditInput!) {
    payload: exportAudit(input: $input) {
      auditExport {
        id
        state
        fileName
        records
        bytes
        sha256
        code
        message
      }
      userErrors {
        field
        code
        message
      }
    }
  }
`;

const stateDocument = /* GraphQL */ `
  query AuditExportState($id: ID!) {
    node(id: $id) {
      ... on AuditExport {
        id
        state
        fileName
        records
        bytes
        sha256
        code
        message
      }
    }
  }
`;

async function waitForExport(api: Api, started: Export, waitMs: number): Promise<Export> {
  const deadline = Date.now() + waitMs;
  let current = started;
  while (current.state !== 'SUCCEEDED' && current.state !== 'FAILED' && Date.now() < deadline) {
    await delay(500);
    current = (await api.query<{ node: Export | null }>(stateDocument, { id: started.id })).node ?? current;
  }
  return current;
}

/** `gatehouse audit export`: writes events to a JSON Lines file beside the worker. */
export const auditExport = ({ connect, out }: CliContext): Command =>
  defineCommand('export', 'write audit events to a JSON Lines file in the export folder of the server')
    .option('--from <date>', 'only events from this time on', parseInstant)
    .option('--to <date>', 'only events before this time', parseInstant)
    .option('--action <name>', 'only this action, for example tools/call or upstream.create')
    .addOption(new Option('--outcome <outcome>', 'only this outcome').choices(['allowed', 'denied', 'failed']))
    .option('--wait <span>', 'how long to wait for the worker', parseSpan, 300_000)
    .action(async ({ from, to, action, outcome, wait }: Options) => {
      const api = connect();
      const filter = { from, to, action, outcome: outcome?.toUpperCase() };
      const { auditExport: started } = await api.mutate<{ auditExport: Export }>(startDocument, { filter });
      out.note('Waiting for the worker to write the file …');
      const ended = await waitForExport(api, started, wait);
      const { state, fileName, records, bytes, sha256 } = ended;
      if (out.json || state === 'SUCCEEDED')
        out.result(ended, `Wrote ${records} events (${bytes} bytes) to ${fileName}\nSHA-256 ${sha256}`);
      if (state === 'SUCCEEDED') return;
      throw new CommandFailure(exitCodes.failed, {
        code: ended.code ?? state,
        message: ended.message ?? `The export is not finished (${state.toLowerCase()}, ${records} events so far).`,
      });
    });
