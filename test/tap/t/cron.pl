# Retraining by a real pg_cron: a per-minute schedule makes a new version within
# two ticks. Before that: what fraud_schedule says where pg_cron is half set up.
use strict;
use warnings;

use FraudDetect;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('bank');
$node->init;
$node->append_conf(
	'postgresql.conf', q{
fsync = off
shared_preload_libraries = 'pg_cron'
cron.database_name = 'postgres'
cron.use_background_workers = on
});
$node->start;

sub complaint
{
	my ($database, $sql) = @_;
	my $stderr = '';

	$node->psql($database, $sql, stderr => \$stderr, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	return $stderr;
}

create_transactions($node, 'postgres');
is(train($node, 'postgres', 'card_fraud', 3), 1, 'version 1');

# half set up
my $schedule = q{SELECT fraud_schedule('card_fraud', retrain => '* * * * *')};
like(complaint('postgres', $schedule),
	qr/FD008: scheduling needs pg_cron.*loaded its library already.*CREATE EXTENSION pg_cron;/s,
	'preloaded, not created');

$node->safe_psql('postgres', 'CREATE EXTENSION pg_cron');
$node->safe_psql('postgres', 'CREATE DATABASE other');
$node->safe_psql('other', 'CREATE EXTENSION fraud_detect');
$node->safe_psql('other', q{INSERT INTO fraud.model (name) VALUES ('o''clock')});
my $elsewhere = complaint('other', q{SELECT fraud_schedule('o''clock', '0 3 * * *')});
like($elsewhere, qr/FD008: pg_cron cannot schedule from this database.*"postgres".*"other"/s, 'wrong database');
like($elsewhere, qr/run there: SELECT cron\.schedule_in_database/, 'the hint says what to run instead');
my ($instead) = $elsewhere =~ /run there: (SELECT .*;)$/m;
$node->safe_psql('postgres', $instead);
is( $node->safe_psql('postgres', 'SELECT database, command FROM cron.job'),
	q{other|SELECT public.fraud_retrain('o''clock')},
	'and that works');
$node->safe_psql('postgres', 'SELECT cron.unschedule(jobid) FROM cron.job');

# refusals leave nothing behind
like(complaint('postgres', q{SELECT fraud_schedule('card_fraud', retrain => 'at three')}),
	qr/22023: pg_cron does not accept the schedule "at three".*HINT:  A schedule is minute, hour/s,
	'not a schedule');
is(sqlstate($node, 'postgres', q{SELECT fraud_schedule('no_fraud', retrain => '* * * * *')}),
	'FD002', 'no such model');
$node->safe_psql(
	'postgres', q{
	CREATE ROLE modeller LOGIN;
	GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA fraud TO modeller;
	GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA fraud TO modeller;
	GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA fraud TO modeller;
	GRANT EXECUTE ON FUNCTION fraud_schedule, fraud_unschedule, fraud_drop_model, fraud_retrain TO modeller});
like(complaint('postgres', "SET ROLE modeller; $schedule"),
	qr/42501: role "modeller" may not schedule with pg_cron.*GRANT USAGE ON SCHEMA cron TO modeller;/s,
	'no right in pg_cron');
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), 0, 'no job is left of it');
is($node->safe_psql('postgres', 'SELECT count(*) FROM fraud.task'), 0, 'no task is left of it');

# a schedule replaces the one before
is( $node->safe_psql('postgres', q{SELECT model, task, schedule FROM fraud_schedule('card_fraud', '0 3 * * *')}),
	'card_fraud|card_fraud/retrain|0 3 * * *', 'a schedule');
$node->safe_psql('postgres', $schedule);
is( $node->safe_psql('postgres', 'SELECT j.schedule, j.database, j.command, t.schedule, t.name '
		  . 'FROM cron.job j JOIN fraud.task t ON t.cron_job_id = j.jobid'),
	q{* * * * *|postgres|SELECT public.fraud_retrain('card_fraud')|* * * * *|card_fraud/retrain},
	'the new schedule replaces the old one');
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), 1, 'there is one job');
is($node->safe_psql('postgres', 'SELECT retrain FROM fraud.models'), '* * * * *', 'fraud.models shows it');

# its owner's alone
is(sqlstate($node, 'postgres', q{SET ROLE modeller; SELECT fraud_unschedule('card_fraud')}),
	'42501', 'not to be ended by another role');
is(sqlstate($node, 'postgres', q{SET ROLE modeller; SELECT fraud_drop_model('card_fraud')}),
	'42501', 'nor by dropping the model');

# a task made by hand names another's job: nobody ends that job with it
my $forge = q{SET ROLE modeller;
	INSERT INTO fraud.task (name, model_id, kind, schedule, command, cron_job_id, cron_job_name%s)
	SELECT 'trap', m.model_id, 'retrain', '', '', t.cron_job_id, t.cron_job_name%s
	FROM fraud.model m, fraud.task t WHERE m.name = 'trap'};
$node->safe_psql('postgres', q{INSERT INTO fraud.model (name) VALUES ('trap')});
is(sqlstate($node, 'postgres', sprintf($forge, ', created_by', q{, 'postgres'})),
	'42501', 'not in the name of the job\'s owner');
$node->safe_psql('postgres', sprintf($forge, '', ''));
$node->safe_psql('postgres', q{SELECT fraud_drop_model('trap')});
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), 1, 'nor does a superuser who drops its model');

# a tick
ok($node->poll_query_until('postgres', 'SELECT count(*) >= 2 FROM fraud.model_version'),
	'a tick of pg_cron trains a version');
$node->safe_psql('postgres', q{SELECT fraud_unschedule('card_fraud')});
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), 0, 'the job is ended');
is($node->safe_psql('postgres', 'SELECT champion FROM fraud.models'), 1, 'the champion is still version 1');
is( $node->safe_psql('postgres', q{SELECT kind FROM fraud.run WHERE version = 2}),
	'retrain', 'the run is recorded as retraining');
ok( $node->poll_query_until('postgres', q{SELECT status = 'succeeded' FROM cron.job_run_details ORDER BY runid LIMIT 1}),
	'pg_cron records success');

# dropping ends the schedule, also one whose job is gone
$node->safe_psql('postgres', $schedule);
$node->safe_psql('postgres', q{SELECT fraud_drop_model('card_fraud')});
is($node->safe_psql('postgres', 'SELECT (SELECT count(*) FROM cron.job) + (SELECT count(*) FROM fraud.task)'),
	0, 'dropping the model ends its schedule');
$node->safe_psql('postgres', q{INSERT INTO fraud.model (name) VALUES ('empty')});
$node->safe_psql('postgres', q{SELECT fraud_schedule('empty', retrain => '0 3 1 1 *')});

# housekeeping: what is old goes, and the coming partitions are made
my $purge = q{SELECT fraud_schedule_purge('* * * * *', '1 year 6 months')};
like(complaint('other', $purge), qr/FD008.*'fraud_purge\/other'.*public\.fraud_purge\(/s, 'housekeeping from the wrong database');
$node->safe_psql('postgres', q{SET intervalstyle = 'iso_8601'; SELECT fraud_schedule_purge('0 3 * * *', '2 years')});
$node->safe_psql('postgres', $purge);
is( $node->safe_psql('postgres', q{SELECT j.schedule, j.command, t.name, t.model_id FROM cron.job j JOIN fraud.task t ON t.cron_job_id = j.jobid
	  WHERE t.kind = 'purge'}),
	q{* * * * *|SELECT * FROM public.fraud_purge('1 year 6 mons')|purge|}, 'the new schedule replaces the old one');
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), 2, 'beside that of a model');
ok($node->poll_query_until('postgres', 'SELECT count(*) = 4 FROM fraud.decision_partition'),
	'a tick of pg_cron makes the partitions');
is($node->safe_psql('postgres', 'SELECT fraud_unschedule_purge()'), 1, 'housekeeping ends');
is($node->safe_psql('postgres', 'SELECT count(*) FROM cron.job'), 1, 'and its job');

$node->safe_psql('postgres', 'DROP EXTENSION pg_cron');
is($node->safe_psql('postgres', q{SELECT ended FROM fraud_unschedule('empty')}), 1, 'a task outlives pg_cron');

$node->stop;
done_testing();
