import { Module } from '@nestjs/common';
import { UpstreamsModule } from '../upstreams/upstreams.module.js';
import { ToolsResolver } from './tools.resolver.js';
import { UpstreamToolsResolver } from './upstream-tools.resolver.js';

@Module({ imports: [UpstreamsModule], providers: [ToolsResolver, UpstreamToolsResolver] })
export class ToolsModule {}
