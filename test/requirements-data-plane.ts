import { from, mcp, type Requirement } from './requirement.js';

const rly = from('plan: relay, all four cells; MCP-2, MCP-3, MCP-7');
const otl = from('plan: telemetry');
const cnf = from('plan: conformance in CI');
const upt = from('plan: upstream transports; ARCHITECTURE.md §4.14');
const ses = from('ARCHITECTURE.md §4.6; mcp 2025-11-25 basic/transports');
const lnk = from('plan: upstream links');
const lim = from('ARCHITECTURE.md §4.9; LIM-1');
const agg = from('plan: aggregation; MCP-5');
const hos = from('plan: raw path');
const hst = from('plan: hostile input on MCP routes');
const tsk = from('tasks extension 2026-07-28, Task Status Notifications');
const exp = from('mcp 2025-11-25 basic/utilities/tasks, client/sampling; mcp 2026-07-28 basic/multi-round-trip');
const fuz = from('plan: bad input, fuzzer');
const owt = from('plan: own tests for what no suite covers');
const str = from('plan: large answers are streamed everywhere; mcp 2026-07-28 basic, 2025-11-25 basic');
const own = from('ARCHITECTURE.md §4.6, §1');
const rbs = from('ARCHITECTURE.md §4; review of the data plane');
const era = from('config override > cached > probe; mcp 2026-07-28 basic/versioning');
const lmt = from('docs/configuration.md; ARCHITECTURE.md §4');
const lsn = from('mcp 2026-07-28 Subscriptions; review of the data plane');
const ask = from('mcp 2025-11-25 basic/lifecycle; mcp 2026-07-28 basic');

/** What the data plane promises. */
export const dataPlane: readonly Requirement[] = [
  rly('RLY-1', 'clients of either era call tools of upstreams of either era, through the aggregate and a pass-through'),
  rly('RLY-2', 'progress comes under the very token of the client, always further, and only where it was asked for'),
  rly('RLY-3', 'log messages come from the level on that the client asked for'),
  rly(
    'RLY-4',
    'an upstream may ask its client for sampling, elicitation (form and URL) and roots in the words of the client’s era',
    mcp('2026-07-28/basic/multi-round-trip'),
  ),
  rly('RLY-5', 'an upstream is told no capability, and gets no answer, that the client did not declare'),
  rly('RLY-6', 'completion is relayed with the reference’s name reversed, and authorized like a use of it'),
  rly('RLY-7', 'who subscribed to a resource hears of its changes under the URI of the endpoint'),
  rly('RLY-8', 'a changed list of an upstream is told to those who see it'),
  rly('RLY-9', 'a cancelled call is cancelled at its upstream'),
  rly('RLY-10', 'tasks of both kinds are carried through, their ids worth nothing with another token'),
  rly('RLY-11', 'an unknown method is refused, and reaches an upstream through a pass-through of its own era only'),
  rly(
    'RLY-12',
    'the state of a call that waits for input opens once, for its caller and its very call, and not after its time',
    'plan: bad input, no. 9',
  ),
  rly('RLY-13', 'a call that waits for input is cut when its right is taken away, with a record'),
  rly(
    'RLY-14',
    'subscriptions/listen honours what the caller may hear, up to its bound, and ends politely or with its right',
  ),
  rly('RLY-15', 'capabilities and extensions are advertised exactly as far as they are relayed', 'MCP-7'),
  rly('RLY-16', 'an upstream that is not well is named in the lists, which keep its objects', 'MCP-5'),
  rly('RLY-17', 'configured and forwarded headers reach the upstream, a credential of the client never'),
  rly(
    'RLY-18',
    'listening through a raw pass-through is bounded, ends politely when the gateway stops, and with its right, with a record',
  ),
  rly('RLY-19', 'the retry of a waiting call at another process goes on where the call waits, and counts once'),
  rly('RLY-20', 'progress of a client about a question of an upstream reaches that upstream under its own token'),
  rly('RLY-21', 'who listens through a pass-through hears of changed lists in the upstream’s own words'),
  rly('RLY-22', 'on every process, each who sees a changed list hears of it once, and nobody else does'),
  rly(
    'RLY-23',
    'updates of resources keep their words; those of sub-resources come to who may read them, and to nobody else',
    mcp('2025-11-25/schema#notifications-resources-updated'),
  ),
  rly(
    'RLY-24',
    'a legacy client hears of the status of its tasks, on the stream of the call and by itself, and of no others',
  ),

  agg('AGG-1', 'ten upstreams of 100 tools are one complete list, in one order for every call and era'),
  agg('AGG-2', 'own cursors walk a list to its end, also when it changes meanwhile; any other cursor is −32602'),
  agg('AGG-3', 'a dead upstream stays listed, is told in _meta of the lists, and costs only its own tools'),
  agg('AGG-4', 'a slow upstream keeps nobody else waiting'),
  agg('AGG-5', 'long, odd and colliding names fit, are told apart and lead back to the original'),
  agg('AGG-6', 'links, contents, templates and prompts are shown under the prefix and found there'),

  hos('HOS-1', 'between peers of one era bytes pass unchanged, but for ids, names and URIs'),
  hos('HOS-2', 'between eras only documented members change; what is unknown stays as it was spelled'),
  hos('HOS-3', 'definitions keep vendor fields, numbers and escapes as the upstream spelled them'),
  hos('HOS-4', 'unknown notifications reach clients of a pass-through of the same era, and nobody else'),
  hos('HOS-5', 'a result that a revision has no words for is −31002, never half a result'),
  hos('HOS-6', 'vendor capabilities and extensions are offered exactly where they are relayed'),
  otl('OTL-1', 'without a collector there is no telemetry and none of its code; OTEL_* of other programs are no error'),
  otl('OTL-2', 'spans carry the names and kinds of the conventions and hang together: client, gateway, upstream'),
  otl('OTL-3', 'trace context goes on in _meta and headers; without tracing the bytes of the client pass unchanged'),
  otl('OTL-4', 'a span is an error exactly when it has an error.type, and no client can invent names'),
  otl('OTL-5', 'durations are histograms with the buckets of the conventions, without ids'),
  otl('OTL-6', 'a collector that is away costs one warning, no call and a bounded shutdown'),

  cnf('CNF-1', 'a fixture server of both eras passes both conformance referees, check for check as committed'),
  cnf('CNF-2', 'every check of both referees comes out the same through /upstreams/{slug}/mcp with bearer auth'),
  cnf(
    'CNF-3',
    'the upstream connector passes the scenarios for clients; what is not applicable is listed with its reason',
  ),
  cnf('CNF-4', 'no scenario is expected to fail'),
  cnf('CNF-5', 'at an upstream of both eras, one pass-through address comes out the same for referees of both'),

  upt('UPT-1', 'an upstream has an address or a command, as its transport wants, and nothing of the other'),
  upt('UPT-2', 'a stdio upstream names a command of the operator’s list; command lines and unknown names are refused'),
  upt('UPT-3', 'only owners and administrators of the organization let an upstream run a command', 'ACC-1'),
  upt('UPT-4', 'limits of time of one upstream lie within those of the settings'),
  upt('UPT-5', 'fixed and forwarded headers carry no credential, break no protocol and have one source each'),
  upt('UPT-6', 'another transport drops what the old one had and what a check found through it'),
  upt(
    'UPT-7',
    'an API token may have a limit of its own, up to the highest and to that of the token which asks',
    'LIM-1',
  ),
  upt(
    'UPT-8',
    'the snapshot tells how upstreams are reached and what they declared; a flip of health rebuilds nothing',
  ),
  upt('UPT-9', 'the allow list is read at the start, and everything that is wrong with it is told at once'),
  upt(
    'UPT-10',
    'an upstream that says its catalogue changed is read again within a second, and not more often than set',
  ),
  upt('UPT-12', 'checks and syncs store the transport and revision that they find, over HTTP+SSE and stdio, too'),
  upt('UPT-13', 'the limits of time that an upstream was registered with act on the calls of clients'),
  upt('UPT-11', 'upstream add registers every transport with limits and headers; list shows the transport', 'OPS-4'),

  own('OWN-1', 'a request whose owner is another gateway process is served there, whole and unbuffered, both ways'),
  own('OWN-2', 'the owner sees the client: address, correlation id, public URL, and applies every rule to it'),
  own('OWN-3', 'a hop that is forged, altered, replayed, late or meant for another process gets an empty 401'),
  own('OWN-4', 'a stranger on the port of a gateway process is told nothing and not believed'),
  own('OWN-5', 'an owner that is gone costs its clients their session, and at most one look-up a second'),
  own('OWN-6', 'several gateway processes serve one port, each with its own audit chain and spool'),
  own('OWN-7', 'one metrics page adds up all processes, those that have ended included'),
  own('OWN-8', 'SIGTERM under load ends all processes with no failed request and no lost record', 'LIM-6'),
  own('OWN-9', 'a gateway process that dies is replaced, and none outlives the server'),
  own('OWN-10', 'a session that began at one process goes on at another one, calls and streams alike'),
  own('OWN-11', 'a stream of a session is resumed by Last-Event-ID at another process than its own'),

  ses('SES-1', 'a session belongs to its token and its endpoint: 404 for any other, 401 without a token'),
  ses('SES-2', 'requests of a session speak the revision that initialize agreed on; an unknown one is refused'),
  ses('SES-3', 'DELETE ends a session; from then on it is unknown'),
  ses('SES-4', 'GET opens one stream per session: 400, 404, 405, 406 and 409 where it cannot'),
  ses('SES-5', 'a POST is answered with JSON unless something is to be said before the answer, and then on a stream'),
  ses('SES-6', 'the answers of a batch share one stream'),
  ses('SES-7', 'Last-Event-ID resumes exactly the stream that broke off, from the event after it, or is refused'),
  ses('SES-8', 'from 2025-11-25 on streams begin with an event to come back to, and may be left before the answer'),
  ses('SES-9', 'a closed connection cancels a modern request and no legacy one'),
  ses('SES-10', 'notifications/cancelled ends the request of exactly that id, which then gets no answer'),
  ses('SES-11', 'requests to a client are answered by id; forged, late and foreign answers are ignored'),
  ses('SES-12', 'ids come back with value and type, also when clients use one twice at the same time'),
  ses('SES-13', 'a client that does not read its stream is cut off'),
  ses('SES-14', 'sessions end when idle, and the least recently used idle one makes room for a new one'),
  ses('SES-15', 'an idle session takes less than 5 KB', 'bench/README.md'),
  ses('SES-16', 'a lost right ends sessions and their streams with the configuration change, with a record each'),
  ses('SES-17', 'HTTP+SSE (2024-11-05) is served when it is enabled, under the same rules'),
  ses('SES-18', 'a request for a session of another process is handed over to that one'),
  ses('SES-19', 'when the gateway stops, streams end in good order'),
  ses('SES-20', 'silent streams carry comments'),
  ses('SES-21', 'without the database for too long, everything that is open ends, too', 'ARCHITECTURE.md §3a'),
  ses('SES-22', 'a client that agrees on 2024-11-05 calls upstreams of either era at every address of HTTP+SSE'),

  lnk(
    'LNK-1',
    'calls, progress, sampling, elicitation, roots and logging pass over all three transports of a real server',
  ),
  lnk('LNK-2', 'a call whose stream ends before its answer goes on by GET and Last-Event-ID after the retry time'),
  lnk(
    'LNK-3',
    'requests of an upstream are answered once each: ping here, known ones by their call, others with -32601',
  ),
  lnk('LNK-4', 'a slow taker of messages holds its upstream up; nothing piles up'),
  lnk('LNK-5', 'a large JSON answer passes chunk by chunk, with the id of the client, and is never held whole'),
  lnk('LNK-6', 'progress and waiting for people start the time of a call anew, up to a maximum'),
  lnk('LNK-7', 'a call given up tells its upstream: legacy by a notification, modern by closing, initialize never'),
  lnk('LNK-8', 'an HTTP+SSE upstream cannot send requests to another origin'),
  lnk('LNK-9', 'a stdio upstream runs a command of the allow list, without shell, in a clean environment'),
  lnk('LNK-10', 'a stdio child ends with everything that it started'),
  lnk(
    'LNK-11',
    'a child that exits, floods or sends endless lines fails its calls with a reason that shows nothing of it',
  ),
  lnk('LNK-12', 'an upstream has at most so many children, and idle ones stop', 'ARCHITECTURE.md §4.14'),
  lnk('LNK-13', 'a probe finds out era and transport, HTTP+SSE included'),
  lnk('LNK-14', 'the load of one upstream never takes the connections of another, nor of what a call waits for'),
  lnk('LNK-15', 'the stream for unsolicited messages opens again after its last event, and ends with its session'),
  lnk(
    'LNK-16',
    'a large answer in which nothing has to change goes on as it comes, as fast as its client reads; both sides break off together, with a record',
  ),
  lnk(
    'LNK-17',
    'stdio and HTTP+SSE upstreams serve the aggregate: questions and progress of one client reach no other',
  ),
  lnk('LNK-18', 'an answer takes time and memory for its bytes, however small the pieces that it comes in'),

  lim('LIM-1', 'several processes together never accept more than limit + burst, in any window, whatever fails'),
  lim('LIM-2', 'they accept at least 95 % of limit + burst'),
  lim('LIM-3', 'a call waits for the store only where its token holds no lease'),
  lim('LIM-4', 'unused leases return within a second, and at shutdown'),
  lim(
    'LIM-5',
    'a store that does not answer: each process limits by itself, or calls are refused, as set; nobody waits',
  ),
  lim('LIM-6', 'the number of limited tokens in memory is bounded'),
  lim('LIM-7', 'PostgreSQL and Redis keep the buckets by one rule'),
  lim('LIM-8', 'two gateway processes, 1,000 tries: at most limit + burst, at least 95 % of it'),
  lim('LIM-9', 'a refusal is 429 with Retry-After and −31001 with retryAfterMs, DENIED as RATE_LIMITED, and counted'),
  lim('LIM-10', 'requests and notifications count, each message of a batch too; a token may have a limit of its own'),

  hst(
    'HST-1',
    'decisions rest on the body: headers that lie, come twice or are ill-encoded are refused',
    'plan: bad input, no. 11',
  ),
  hst(
    'HST-2',
    'malformed framing, oversized heads, odd ids and arbitrary bytes reach no upstream',
    'plan: bad input, no. 12',
  ),
  hst(
    'HST-3',
    'exact origins may read every answer, the challenge included; no credentials of browsers',
    'plan: bad input, no. 13',
  ),
  hst('HST-4', 'no header of an upstream reaches a client', 'plan: bad input, no. 14'),
  hst('HST-5', 'the status of an error follows from its code, whatever status its upstream chose'),

  fuz('FUZ-1', 'whatever bytes clients send, answers are well-formed, carry their id, and no process ends'),
  fuz('FUZ-2', 'whatever bytes clients send, memory stays as it was'),

  owt('OWT-1', 'ids 1, "1" and 0 of several clients at once, at one upstream, also one id twice'),
  owt('OWT-2', 'one progress token of several clients at one upstream, over stdio and HTTP'),
  owt('OWT-3', 'a lost connection cancels the call of a modern client and not that of a legacy one, in all four cells'),
  owt('OWT-4', 'Last-Event-ID on both sides at once'),
  owt('OWT-5', 'a client that does not read costs bounded memory, is cut, and nobody else waits for it'),
  owt('OWT-6', 'an answer of 50 MB passes, and one beyond the limit is refused, with bounded memory'),
  owt('OWT-7', 'clients that send a byte a second are cut off, and nobody waits for them'),
  owt('OWT-8', '10,000 idle sessions take at most 5 KB each, and the gateway stays quick'),
  owt(
    'OWT-9',
    'what is open on two processes – streams, waiting and running calls – ends with its right, with one record each',
  ),

  era('ERA-1', 'an administrator sets the era of an upstream, with a record and a sync; AUTO is the default'),
  era('ERA-2', 'the modern era does not go with HTTP+SSE, whichever of the two is said later'),
  era(
    'ERA-3',
    'where an era is set, checks, syncs and calls of every client speak it, and nothing of the other is sent',
  ),
  era('ERA-4', 'an upstream that does not speak the era set is unhealthy with a code of its own; AUTO recovers it'),
  era('ERA-5', 'what is open in the other era ends with the change; what goes on, goes on in the era set'),

  tsk(
    'TSK-1',
    'who listens to tasks of the aggregate or a virtual server hears of each change, under the id of the endpoint, and nobody else does',
  ),
  tsk(
    'TSK-2',
    'tasks that a caller may not use, or that their upstream does not tell of, are left out of what is acknowledged; a lost right ends them',
  ),
  exp(
    'EXP-1',
    'what an upstream asks its client names tasks and resources as the client knows them; a pass-through changes nothing',
  ),
  exp('EXP-2', 'so does what it asks in a result, a small or a large one, and in the state of a task'),
  exp(
    'EXP-3',
    'what a client answers names them as the upstream does, in all four pairs of eras; names of others, and forms, stay',
  ),
  tsk('TSK-3', 'tasks in the filter count towards its bound; whoever names tasks must have declared them (−32021)'),

  ask(
    'ASK-1',
    'a sync finds what an upstream offers only to clients that can be asked, of every kind, and what they have to declare',
    mcp('2025-11-25/basic/lifecycle'),
  ),
  ask('ASK-2', 'what only some clients are offered is not lost, and loses nothing else, while it cannot be read'),
  ask('ASK-3', 'clients of either era see what they have declared enough for, as they would without a gateway'),
  ask(
    'ASK-4',
    'what a client has not declared enough for is unknown to it; a modern one is told what is missing (−32021)',
    mcp('2026-07-28/basic'),
  ),
  ask('ASK-5', 'cursors and list_changed belong to what the client sees; nothing is made twice where all see the same'),
  ask('ASK-6', 'whatever an upstream asks while its catalogue is read is declined at once'),

  str('STR-1', 'JSON read in pieces is accepted exactly where JSON.parse accepts it, wherever it is cut'),
  str('STR-2', 'a large answer that is rewritten while it passes becomes what it becomes as a whole'),
  str(
    'STR-3',
    'legal and hostile orders of members: what cannot be decided yet waits within 1 MiB, is held, or ends the call',
  ),
  str('STR-4', 'large answers go on as they come on every endpoint, in all four pairs of eras'),
  str('STR-5', 'answers of 50 MB with names to rewrite cost bounded memory, and come no faster than they are read'),
  str('STR-6', 'names in large answers are shown as in small ones; one that cannot go on breaks off, with a record'),

  rbs('RBS-1', 'without its Redis, killed or silent, every service stops as promptly as ever'),
  rbs(
    'RBS-2',
    'a stream of our own at an upstream that ends, is refused or is lost while it opens ends once, and is given back once',
  ),
  rbs('RBS-3', 'a list that changed before anybody listened is told to whoever listens next'),
  rbs('RBS-4', 'what all sessions keep for Last-Event-ID is bounded together; the fullest give their oldest first'),
  rbs('RBS-5', 'a user has a share of the processes of an upstream, and never all of them'),
  rbs('RBS-6', 'a request that cannot be sent is told as such, and counts against no peer and no upstream'),
  rbs('RBS-7', 'the command line takes every time limit and forwarded headers of upstreams, and rate limits of tokens'),
  rbs(
    'RBS-8',
    'a database that dies under open streams and calls: what the settings say, and all is back without a restart',
  ),

  lmt('LMT-1', 'a batch of more messages than allowed is refused as a whole, and reaches no upstream'),
  lmt('LMT-2', 'an upstream that asks for input again and again ends its call after the rounds that are allowed'),
  lmt('LMT-3', 'a question that its client leaves unanswered ends in time in every form, and so does its call'),
  lmt(
    'LMT-4',
    'events are kept for Last-Event-ID as long as set; what is older is 400',
    mcp('2025-11-25/basic/transports'),
  ),
  lmt('LMT-5', 'a session keeps events up to the size set; the oldest give way, and what gave way is 400'),
  lmt('LMT-6', 'one upstream gets no more connections than set; its calls wait, and those of others do not'),
  lmt('LMT-7', 'a gateway process tells the others the address that is set, and they dial that one'),
  lmt('LMT-8', 'the process of an upstream ends when it is not used for as long as set, by force after the time set'),
  lmt(
    'LMT-9',
    'a store of the limits that is silent keeps a call waiting as long as set, and no process from starting',
  ),
  lmt('LMT-10', 'a process remembers as many limited tokens as set'),
  lmt(
    'LMT-11',
    'calls of one session at several upstreams are resumed each by its own event id, with nothing of the other',
    mcp('2025-11-25/basic/transports'),
  ),
  lmt('LMT-12', 'no credential, secret, argument or answer is in spans or metrics, however a call ends'),

  lsn(
    'LSN-1',
    'a stream of our own that its upstream never acknowledges ends with whoever wanted it, and holds nothing',
  ),
  lsn('LSN-2', 'a stream that is not acknowledged in time is given up, told as a timeout, and asked for again'),
  lsn(
    'LSN-3',
    'what waits for a client that listens is bounded: one text about each thing, and a client far behind is cut, however little it reads',
  ),
  lsn('LSN-4', 'a right that is lost while a listen request waits for its turn opens no stream'),
  lsn('LSN-5', 'a link that is lost while somebody who heard of it stops is given back once'),
];
