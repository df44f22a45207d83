import { Module } from '@nestjs/common';
import { ViewerRoleResolver } from './viewer-role.resolver.js';
import { ViewerResolver } from './viewer.resolver.js';

@Module({ providers: [ViewerResolver, ViewerRoleResolver] })
export class ViewerModule {}
