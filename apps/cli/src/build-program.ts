import type { Command } from 'commander';
import type { CliContext } from './cli-context.js';
import { auditExport } from './commands/audit-export.js';
import { auditVerify } from './commands/audit-verify.js';
import { clientConfig } from './commands/client-config.js';
import { importFile } from './commands/import-file.js';
import { login } from './commands/login.js';
import { logout } from './commands/logout.js';
import { doctor, migrate, serve } from './commands/server-commands.js';
import { serverAddTool } from './commands/server-add-tool.js';
import { serverCreate } from './commands/server-create.js';
import { serverList } from './commands/server-list.js';
import { setup } from './commands/setup.js';
import { teamAddMember } from './commands/team-add-member.js';
import { teamCreate } from './commands/team-create.js';
import { teamList } from './commands/team-list.js';
import { tokenCreate } from './commands/token-create.js';
import { tokenList } from './commands/token-list.js';
import { tokenRevoke } from './commands/token-revoke.js';
import { upstreamAdd } from './commands/upstream-add.js';
import { upstreamCheck, upstreamSync } from './commands/upstream-operation.js';
import { upstreamList } from './commands/upstream-list.js';
import { upstreamRemove } from './commands/upstream-remove.js';
import { userCreate } from './commands/user-create.js';
import { userList } from './commands/user-list.js';
import { whoami } from './commands/whoami.js';
import { defineGroup } from './define-command.js';

const firstSteps = `
First steps:
  gatehouse setup LINK                 create the first administrator, sign in
  gatehouse login                      sign in
  gatehouse upstream add files URL     register an MCP server
  gatehouse server create team-tools   compose a virtual server …
  gatehouse server add-tool team-tools --upstream files --all
  gatehouse token create laptop --server team-tools
  gatehouse client config cursor --server team-tools --token gth_…

Environment: GATEHOUSE_URL, GATEHOUSE_TOKEN, GATEHOUSE_PROFILE (a sign-in).`;

/** The whole `gatehouse` command. */
export function buildProgram(context: CliContext): Command {
  const group = (name: string, description: string, commands: readonly ((context: CliContext) => Command)[]) => {
    const parent = defineGroup(name, description);
    for (const command of commands) parent.addCommand(command(context));
    return parent;
  };
  const program = defineGroup('gatehouse', 'Security gateway and control plane for the Model Context Protocol.')
    .version(context.version)
    .enablePositionalOptions()
    .addHelpText('after', firstSteps);
  for (const command of [serve, migrate, doctor, setup, login, logout, whoami, importFile])
    program.addCommand(command(context));
  program
    .addCommand(
      group('upstream', 'MCP servers behind the gateway', [
        upstreamAdd,
        upstreamList,
        upstreamCheck,
        upstreamSync,
        upstreamRemove,
      ]),
    )
    .addCommand(group('server', 'virtual servers: composed MCP endpoints', [serverCreate, serverList, serverAddTool]))
    .addCommand(group('token', 'API tokens', [tokenCreate, tokenList, tokenRevoke]))
    .addCommand(group('user', 'people who may sign in', [userCreate, userList]))
    .addCommand(group('team', 'teams and their members', [teamCreate, teamList, teamAddMember]))
    .addCommand(group('audit', 'the audit log', [auditVerify, auditExport]))
    .addCommand(group('client', 'MCP clients', [clientConfig]));
  return program;
}
