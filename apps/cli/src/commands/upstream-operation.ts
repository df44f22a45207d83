import type { Command } from 'commander';
import { findUpstream } from '../api/find-upstream.js';
import { runOperation } from '../api/run-operation.js';
import type { CliContext } from '../cli-context.js';
import { defineCommand } from '../define-command.js';
import { parseSpan } from '../parse-span.js';
import { reportOperation } from '../report-operation.js';

const operation =
  (name: string, kind: 'CHECK' | 'SYNC', description: string) =>
  ({ connect, out }: CliContext): Command =>
    defineCommand(name, description)
      .argument('<slug>', 'the upstream')
      .option('--wait <span>', 'how long to wait for the worker', parseSpan, 30_000)
      .action(async (slug: string, { wait }: { wait: number }) => {
        const api = connect();
        const { id } = await findUpstream(api, slug);
        out.note(kind === 'CHECK' ? `Checking ${slug} …` : `Reading the catalogue of ${slug} …`);
        reportOperation(out, slug, await runOperation(api, kind, id, wait));
      });

/** `gatehouse upstream check`: asks the MCP server whether it answers. */
export const upstreamCheck = operation('check', 'CHECK', 'ask an MCP server whether it answers');

/** `gatehouse upstream sync`: reads the tools, resources and prompts of the MCP server again. */
export const upstreamSync = operation('sync', 'SYNC', 'read the tools, resources and prompts of an MCP server again');
