import type { Answer, AuthorizedCall } from '../../apps/gateway/src/pipeline/calls.js';
import type * as AnswerCall from '../../apps/gateway/src/pipeline/answer-call.js';

/** Stands in for the upstream: what a tool does with the call of its client. */
export type ToolScript = (call: AuthorizedCall) => Answer | Promise<Answer>;

const scripts = new Map<unknown, ToolScript>();

/** From here on a tool does this. */
export const tool = (name: string, script: ToolScript) => void scripts.set(name, script);

/** The last step of the pipeline, with scripts for the tools that have one; everything before it is the real thing. */
export const scripted = ({ answerCall }: typeof AnswerCall): typeof AnswerCall => ({
  answerCall: (gateway, call) => {
    const script = scripts.get(call.message.received.message.params?.['name']);
    return script === undefined ? answerCall(gateway, call) : script(call);
  },
});
