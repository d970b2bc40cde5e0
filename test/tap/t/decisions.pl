# Decisions stay: a rejected row's one through the rollback of its transaction and a crash right
# after it, all of them through dump and restore (partitions that were made later, too), and on a
# standby, which takes over.
use strict;
use warnings;

use FraudDetect;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Cards of a list are blocked; a guard of another table quarantines them.
my $setup = q{
	CREATE EXTENSION fraud_detect;
	CREATE TABLE payments (id int GENERATED ALWAYS AS IDENTITY, card text, amount numeric);
	CREATE TABLE orders (LIKE payments INCLUDING ALL);
	INSERT INTO fraud.list_entry (list, kind, value, decision) VALUES ('stolen', 'card', 'c-666', 'block');
	SELECT fraud_guard('payments', model => '', key => 'id', options => '{"entities": {"card": "card"}, "amount": "amount"}');
	SELECT fraud_guard('orders', model => '', key => 'id', on_block => 'quarantine', options => '{"entities": {"card": "card"}}');
};
my $blocked = q{INSERT INTO payments (card, amount) VALUES ('c-666', 10)};
my $rejected = q{SELECT count(*) FROM fraud.decision WHERE outcome = 'rejected'};
my $all = q{SELECT count(*), md5(string_agg(d::text, ',' ORDER BY decision_id)) FROM fraud.decision d};
my $partitions = q{SELECT partition, since, until FROM fraud.decision_partition};

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->safe_psql('postgres', $setup);

is(sqlstate($primary, 'postgres', "SET synchronous_commit = off; $blocked"),
	'FD001', 'a row is rejected, by a session that does not wait for the disk');
$primary->stop('immediate');
$primary->start;
is($primary->safe_psql('postgres', $rejected), 1, 'crash right after it: the decision is there');
is($primary->safe_psql('postgres', 'SELECT count(*) FROM payments'), 0, 'and the row is not');

is( sqlstate($primary, 'postgres', "BEGIN; INSERT INTO payments (card, amount) VALUES ('c-1', 1); $blocked; COMMIT"),
	'FD001', 'in a transaction of two rows');
is($primary->safe_psql('postgres', $rejected), 2, 'the rejected row has its decision');
is($primary->safe_psql('postgres', q{SELECT count(*) FROM fraud.decision WHERE decision = 'approve'}),
	0, 'the other one was not inserted either, and has none');

$primary->safe_psql(
	'postgres', qq{
	BEGIN;
	SAVEPOINT s;
	DO \$\$ BEGIN $blocked; EXCEPTION WHEN SQLSTATE 'FD001' THEN NULL; END \$\$;
	ROLLBACK TO s;
	INSERT INTO payments (card, amount) VALUES ('c-2', 2);
	ROLLBACK});
is($primary->safe_psql('postgres', $rejected), 3, 'rejected in a subtransaction, all rolled back: it is there');
is($primary->safe_psql('postgres', q{SELECT bool_and(equal) FROM fraud.decision d, fraud_replay(d.decision_id)}),
	't', 'and can be replayed');

# A crash in the middle of it, when the row is written and its index entries are not: nothing of it is there. An
# index of an administrator's stops it there.
$primary->safe_psql(
	'postgres', q{
	CREATE EXTENSION amcheck;
	CREATE FUNCTION stall(key text) RETURNS text LANGUAGE plpgsql IMMUTABLE AS
		$$ BEGIN PERFORM pg_catalog.pg_advisory_lock(1); RETURN key; END $$;
	CREATE INDEX stalled ON fraud.decision_default (stall(key))});
my $holder = $primary->background_psql('postgres');
$holder->query_safe('SELECT pg_advisory_lock(1)');
my $payer = $primary->background_psql('postgres', on_error_stop => 0);
$payer->{stdin} .= "$blocked;\n";
$payer->{run}->pump_nb;
ok($primary->poll_query_until('postgres', q{SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted}),
	'a row is being rejected');
$primary->safe_psql('postgres', 'CHECKPOINT');
$primary->stop('immediate');
$_->{run}->kill_kill foreach $holder, $payer;
$primary->start;
is($primary->safe_psql('postgres', $rejected), 3, 'crash in the middle of it: no decision');
is( $primary->safe_psql('postgres', q{SELECT count(bt_index_check(indexrelid, true)) FROM pg_index
	  WHERE indrelid = 'fraud.decision_default'::regclass}),
	3, 'and nothing that its indexes lack');
$primary->safe_psql('postgres', 'DROP INDEX fraud.stalled; DROP FUNCTION stall; DROP EXTENSION amcheck');

# Partitions of later months; decisions in them and in the default one.
$primary->safe_psql('postgres', 'SELECT fraud_decision_partitions(2)');
$primary->safe_psql('postgres', q{INSERT INTO payments (card, amount) SELECT 'c-' || i, i FROM generate_series(1, 20) i});
$primary->safe_psql('postgres', q{INSERT INTO orders (card, amount) VALUES ('c-666', 7), ('c-666', 8)});
is( $primary->safe_psql('postgres', 'SELECT count(*) FROM fraud.decision_default'),
	0, 'decisions are in the partition of their month');

# Standby

$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;
is(sqlstate($primary, 'postgres', $blocked), 'FD001', 'one more, with a standby');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $rejected), 4, 'the standby shows a rejected row');
is($standby->safe_psql('postgres', $all), $primary->safe_psql('postgres', $all), 'and all decisions');
is( $standby->safe_psql('postgres', q{SELECT bool_and(equal) FROM fraud.decision d, fraud_replay(d.decision_id)}),
	't', 'replays them');
is(sqlstate($standby, 'postgres', q{SELECT fraud_purge('1 year')}), '25006', 'and purges none');
is($standby->safe_psql('postgres', q{SELECT decision, ground FROM fraud_decide(ROW(1, 'c-666', 1)::payments)}),
	'block|list', 'it can say what would be decided');
is( $standby->safe_psql('postgres',
		q{SELECT sum(decisions) FROM fraud_backtest('payments', '{"lists": false}', '-infinity', 'infinity')}),
	$standby->safe_psql('postgres', q{SELECT count(*) FROM fraud.decision WHERE relation = 'payments'::regclass}),
	'and what another policy would have decided');
foreach my $writes (
	$blocked,
	q{SELECT fraud_guard('payments', model => '')},
	q{SELECT fraud_rule('payments', 'r', 'true', 'block')},
	q{SELECT fraud_list_add('stolen', 'card', 'c-1', 'block')},
	q{SELECT fraud_label('payments', '1', true)},
	q{SELECT * FROM fraud_decision_partitions()})
{
	is(sqlstate($standby, 'postgres', $writes), '25006', "not on a standby: $writes");
}

# Dump and restore

my %restore = (
	plain => sub {
		my ($to, $file) = @_;
		$primary->command_ok([ 'pg_dump', '--file', $file, 'postgres' ], 'plain: pg_dump');
		# As it is in a dump that was made while rows were rejected: numbers are read before rows.
		my $dump = slurp_file($file);
		ok($dump =~ s/(setval\('fraud\.decision_id_seq', )\d+/${1}1/, 'plain: the numbers are of before');
		append_to_file("$file.early", $dump);
		$primary->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $to, '-f', "$file.early" ], 'plain: psql');
	},
	inserts => sub {
		my ($to, $file) = @_;
		$primary->command_ok([ 'pg_dump', '--inserts', '--file', $file, 'postgres' ], 'inserts: pg_dump');
		$primary->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $to, '-f', $file ], 'inserts: psql');
	},
	custom => sub {
		my ($to, $file) = @_;
		$primary->command_ok([ 'pg_dump', '-Fc', '--file', $file, 'postgres' ], 'custom: pg_dump');
		$primary->command_ok([ 'pg_restore', '--exit-on-error', '-d', $to, $file ], 'custom: pg_restore');
	},
	parallel => sub {
		my ($to, $file) = @_;
		$primary->command_ok([ 'pg_dump', '-Fc', '--file', $file, 'postgres' ], 'parallel: pg_dump');
		$primary->command_ok([ 'pg_restore', '--exit-on-error', '-j', '3', '-d', $to, $file ], 'parallel: pg_restore');
	});

my $last = $primary->safe_psql('postgres', 'SELECT max(decision_id) FROM fraud.decision');
foreach my $format (sort keys %restore)
{
	my $to = "${format}_to";

	$primary->safe_psql('postgres', "CREATE DATABASE $to TEMPLATE template0");
	$restore{$format}->($to, "$PostgreSQL::Test::Utils::tmp_check/$format.dump");
	is($primary->safe_psql($to, $all), $primary->safe_psql('postgres', $all), "$format: decisions are the same");
	is( $primary->safe_psql($to, $partitions),
		$primary->safe_psql('postgres', $partitions),
		"$format: so are the partitions");
	is($primary->safe_psql($to, 'SELECT count(*) FROM fraud.quarantine'), 2, "$format: so is the quarantine");
	is( $primary->safe_psql($to, q{SELECT bool_and(equal) FROM fraud.decision d, fraud_replay(d.decision_id)}),
		't', "$format: decisions can be replayed");
	is(sqlstate($primary, $to, $blocked), 'FD001', "$format: guards go on");
	cmp_ok($primary->safe_psql($to, 'SELECT decision_id FROM fraud.decision ORDER BY decided_at DESC LIMIT 1'),
		'>', $last, "$format: with new numbers");
	is( $primary->safe_psql($to, 'SELECT count(*) FROM fraud.decision_default'), 0, "$format: in the same partition");
	is(sqlstate($primary, $to, $_), '55000', "$format: refused: $_")
	  foreach 'UPDATE fraud.decision SET latency_us = 0', 'DELETE FROM fraud.decision',
	  'TRUNCATE ' . $primary->safe_psql($to, 'SELECT partition FROM fraud.decision_partition WHERE since IS NOT NULL LIMIT 1');
	is( $primary->safe_psql($to, 'SELECT count(*) FROM fraud_decision_partitions(3)'),
		1, "$format: the next partition is made");
	is( $primary->safe_psql($to, 'SELECT fraud_release(min(decision_id)) FROM fraud.quarantine'),
		'orders', "$format: the quarantine releases");
}

# Failover

$primary->stop;
$standby->promote;
is(sqlstate($standby, 'postgres', $blocked), 'FD001', 'the new primary decides');
is($standby->safe_psql('postgres', $rejected), 5, 'and remembers');
$standby->stop;
done_testing();
