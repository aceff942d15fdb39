'use strict';

// The stack that ../../__main__.py declares, written as one writes it with AWS CDK: the same resources, the
// same settings as Pulumi.dev.yaml, for as many services as BENCH_SERVICES says.

const { App, Duration, RemovalPolicy, Stack, Tags } = require('aws-cdk-lib');
const acm = require('aws-cdk-lib/aws-certificatemanager');
const ec2 = require('aws-cdk-lib/aws-ec2');
const ecr = require('aws-cdk-lib/aws-ecr');
const ecs = require('aws-cdk-lib/aws-ecs');
const elbv2 = require('aws-cdk-lib/aws-elasticloadbalancingv2');
const iam = require('aws-cdk-lib/aws-iam');
const logs = require('aws-cdk-lib/aws-logs');
const route53 = require('aws-cdk-lib/aws-route53');
const targets = require('aws-cdk-lib/aws-route53-targets');

const DOMAIN = 'cdk.example.com';
const PORT = 3000;

class Environment extends Stack {
  constructor(scope, id, { image, services, desiredCount, zoneId, zoneName, ...props }) {
    super(scope, id, props);
    Object.assign(this, { image, desiredCount });

    this.vpc = new ec2.Vpc(this, 'Network', {
      ipAddresses: ec2.IpAddresses.cidr('10.0.0.0/16'),
      availabilityZones: ['us-east-1a', 'us-east-1b'],
      natGateways: 0,
      subnetConfiguration: [
        { name: 'public', subnetType: ec2.SubnetType.PUBLIC, cidrMask: 20, mapPublicIpOnLaunch: false },
        { name: 'private', subnetType: ec2.SubnetType.PRIVATE_ISOLATED, cidrMask: 19 },
      ],
    });
    this.declareSecurityGroups();
    this.declareRepositories();
    // Nor has it capacity providers of a cluster: the services say FARGATE.
    this.cluster = new ecs.Cluster(this, 'Cluster', {
      vpc: this.vpc,
      containerInsightsV2: ecs.ContainerInsights.DISABLED,
    });
    this.logGroup = new logs.LogGroup(this, 'Logs', {
      retention: logs.RetentionDays.ONE_WEEK,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.zone = route53.HostedZone.fromHostedZoneAttributes(this, 'Zone', {
      hostedZoneId: zoneId,
      zoneName,
    });
    this.declareLoadBalancer();
    for (const [index, name] of services.entries()) this.declareService(name, index);
  }

  declareSecurityGroups() {
    const group = (id, description) =>
      new ec2.SecurityGroup(this, id, { vpc: this.vpc, description, allowAllOutbound: false });
    this.loadBalancerGroup = group('LoadBalancerGroup', 'Load balancer');
    this.tasksGroup = group('TasksGroup', 'Tasks');
    for (const port of [80, 443]) {
      this.loadBalancerGroup.addIngressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(port), `The world, port ${port}`);
    }
    // The emulator's CloudFormation has no rules that name a group: they name the network here.
    const network = ec2.Peer.ipv4('10.0.0.0/16');
    this.loadBalancerGroup.addEgressRule(network, ec2.Port.tcp(PORT), 'Requests and health checks');
    this.tasksGroup.addIngressRule(network, ec2.Port.tcp(PORT), 'Requests and health checks');
    this.tasksGroup.addEgressRule(ec2.Peer.anyIpv4(), ec2.Port.tcp(443), 'HTTPS');
    // As rules by themselves are what CDK would add again for each service, services see a fixed group.
    this.fixedTasksGroup = ec2.SecurityGroup.fromSecurityGroupId(
      this,
      'FixedTasksGroup',
      this.tasksGroup.securityGroupId,
      { mutable: false },
    );
    this.fixedLoadBalancerGroup = ec2.SecurityGroup.fromSecurityGroupId(
      this,
      'FixedLoadBalancerGroup',
      this.loadBalancerGroup.securityGroupId,
      { mutable: false },
    );
  }

  declareRepositories() {
    for (const id of ['App', 'Cache']) {
      new ecr.Repository(this, id, {
        imageTagMutability: id === 'App' ? ecr.TagMutability.IMMUTABLE : ecr.TagMutability.MUTABLE,
        imageScanOnPush: id === 'App',
        lifecycleRules: [{ maxImageCount: 30 }],
        removalPolicy: RemovalPolicy.DESTROY,
        emptyOnDelete: true,
      });
    }
  }

  declareLoadBalancer() {
    const certificate = new acm.Certificate(this, 'Certificate', {
      domainName: DOMAIN,
      subjectAlternativeNames: [`*.${DOMAIN}`],
      validation: acm.CertificateValidation.fromDns(this.zone),
    });
    this.loadBalancer = new elbv2.ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc: this.vpc,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      internetFacing: true,
      securityGroup: this.fixedLoadBalancerGroup,
      idleTimeout: Duration.seconds(60),
      dropInvalidHeaderFields: true,
    });
    this.listener = this.loadBalancer.addListener('Https', {
      port: 443,
      open: false,
      certificates: [certificate],
      sslPolicy: elbv2.SslPolicy.TLS13_RES,
      defaultAction: elbv2.ListenerAction.fixedResponse(404, {
        contentType: 'text/plain',
        messageBody: '404: no service answers to this host and path.\n',
      }),
    });
    this.loadBalancer.addListener('Http', {
      port: 80,
      open: false,
      defaultAction: elbv2.ListenerAction.redirect({ protocol: 'HTTPS', port: '443', permanent: true }),
    });
  }

  declareService(name, index) {
    const host = index === 0 ? DOMAIN : `${name}.${DOMAIN}`;
    const role = (kind) =>
      new iam.Role(this, `${name}-${kind}`, { assumedBy: new iam.ServicePrincipal('ecs-tasks.amazonaws.com') });
    const executionRole = role('execution');
    executionRole.addToPolicy(
      new iam.PolicyStatement({
        actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
        resources: [`${this.logGroup.logGroupArn}:log-stream:${name}/*`],
      }),
    );
    executionRole.addToPolicy(
      new iam.PolicyStatement({ actions: ['ecr:GetAuthorizationToken'], resources: ['*'] }),
    );
    const task = new ecs.FargateTaskDefinition(this, `${name}-definition`, {
      family: `node-on-ecs-cdk-${name}`,
      cpu: 256,
      memoryLimitMiB: 512,
      executionRole,
      taskRole: role('task'),
    });
    task.addContainer(name, {
      image: ecs.ContainerImage.fromRegistry(this.image),
      user: '1000',
      readonlyRootFilesystem: true,
      stopTimeout: Duration.seconds(60),
      portMappings: [{ containerPort: PORT }],
      environment: {
        ENVIRONMENT: 'cdk',
        IDLE_TIMEOUT_SECONDS: '60',
        PORT: String(PORT),
        SERVICE_NAME: name,
        STOP_TIMEOUT_SECONDS: '60',
      },
      logging: ecs.LogDrivers.awsLogs({ logGroup: this.logGroup, streamPrefix: name }),
      healthCheck: { command: ['CMD', 'node', 'health-check.js'], interval: Duration.seconds(10) },
    });
    const service = new ecs.FargateService(this, `${name}-service`, {
      cluster: this.cluster,
      taskDefinition: task,
      desiredCount: this.desiredCount,
      assignPublicIp: true,
      vpcSubnets: { subnetType: ec2.SubnetType.PUBLIC },
      securityGroups: [this.fixedTasksGroup],
      circuitBreaker: { rollback: true },
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      healthCheckGracePeriod: Duration.seconds(30),
      propagateTags: ecs.PropagatedTagSource.SERVICE,
      enableECSManagedTags: true,
    });
    const group = new elbv2.ApplicationTargetGroup(this, `${name}-targets`, {
      vpc: this.vpc,
      port: PORT,
      protocol: elbv2.ApplicationProtocol.HTTP,
      targetType: elbv2.TargetType.IP,
      deregistrationDelay: Duration.seconds(20),
      healthCheck: { path: '/readyz', interval: Duration.seconds(10) },
    });
    service.attachToApplicationTargetGroup(group);
    new elbv2.ApplicationListenerRule(this, `${name}-rule`, {
      listener: this.listener,
      priority: index + 1,
      conditions: [elbv2.ListenerCondition.hostHeaders([host])],
      action: elbv2.ListenerAction.forward([group]),
    });
    new route53.ARecord(this, `${name}-record`, {
      zone: this.zone,
      recordName: host,
      target: route53.RecordTarget.fromAlias(new targets.LoadBalancerTarget(this.loadBalancer)),
    });
  }
}

const app = new App();
const stack = new Environment(app, 'NodeOnEcs', {
  env: { account: '000000000000', region: 'us-east-1' },
  image: process.env.BENCH_IMAGE,
  services: ['web', ...Array.from({ length: Number(process.env.BENCH_SERVICES) - 1 }, (_, i) => `dev${i + 1}`)],
  desiredCount: Number(process.env.BENCH_DESIRED_COUNT || 1),
  zoneId: process.env.BENCH_ZONE_ID,
  zoneName: 'example.com',
});
Tags.of(stack).add('Project', 'node-on-ecs');
Tags.of(stack).add('Stack', 'cdk');
