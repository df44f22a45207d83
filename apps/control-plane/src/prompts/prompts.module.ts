import { Module } from '@nestjs/common';
import { UpstreamsModule } from '../upstreams/upstreams.module.js';
import { PromptsResolver } from './prompts.resolver.js';
import { UpstreamPromptsResolver } from './upstream-prompts.resolver.js';

@Module({ imports: [UpstreamsModule], providers: [PromptsResolver, UpstreamPromptsResolver] })
export class PromptsModule {}
