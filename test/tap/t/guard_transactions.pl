# A guard in transactions that do not end where they began: prepared ones, those of a pooler, and those of an apply
# worker of logical replication, which carries no decisions of rejected rows.
use strict;
use warnings;

use FraudDetect;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $setup = q{
	CREATE EXTENSION fraud_detect;
	CREATE TABLE payments (id int PRIMARY KEY, card text, amount numeric);
	SELECT fraud_guard('payments', model => '', key => 'id', options => '{"entities": {"card": "card"}, "serialize": true}');
	SELECT fraud_rule('payments', 'large', 'amount > 1000', 'block')};
my $decisions = q{SELECT string_agg(key || ' ' || outcome, ', ' ORDER BY decision_id) FROM fraud.decision};

my $bank = PostgreSQL::Test::Cluster->new('bank');
$bank->init(allows_streaming => 'logical');
$bank->append_conf('postgresql.conf', 'max_prepared_transactions = 5');
$bank->start;
$bank->safe_psql('postgres', $setup);

# Prepared transactions

$bank->safe_psql(
	'postgres', q{
	BEGIN;
	INSERT INTO payments VALUES (1, 'a', 1);
	DO $$ BEGIN INSERT INTO payments VALUES (2, 'a', 2000); EXCEPTION WHEN SQLSTATE 'FD001' THEN NULL; END $$;
	PREPARE TRANSACTION 'first'});
is($bank->safe_psql('postgres', $decisions), '2 rejected', 'prepared: the rejected row has its decision, the other one not yet');
$bank->stop('immediate');
$bank->start;
is($bank->safe_psql('postgres', $decisions), '2 rejected', 'and after a crash');
is(sqlstate($bank, 'postgres', q{SET lock_timeout = '100ms'; INSERT INTO payments VALUES (3, 'a', 1)}),
	'55P03', 'a payment of the same card waits for it');
$bank->safe_psql('postgres', q{COMMIT PREPARED 'first'});
is($bank->safe_psql('postgres', $decisions), '1 inserted, 2 rejected', 'committed: both');
is(sqlstate($bank, 'postgres', q{SET lock_timeout = '1min'; INSERT INTO payments VALUES (3, 'a', 1)}), 'none', 'and the card is free');
$bank->safe_psql(
	'postgres', q{
	BEGIN;
	INSERT INTO payments VALUES (4, 'b', 1);
	DO $$ BEGIN INSERT INTO payments VALUES (5, 'b', 2000); EXCEPTION WHEN SQLSTATE 'FD001' THEN NULL; END $$;
	SELECT fraud_rule('payments', 'none', 'amount > 0', 'review');
	PREPARE TRANSACTION 'second'});
$bank->safe_psql('postgres', q{INSERT INTO payments VALUES (6, 'c', 1); ROLLBACK PREPARED 'second'});
is($bank->safe_psql('postgres', $decisions),
	'1 inserted, 2 rejected, 3 inserted, 5 rejected, 6 inserted', 'rolled back: the rejected row alone');
is($bank->safe_psql('postgres', 'SELECT count(*) FROM fraud.rule'), 1, 'and a rule that was never made decided nothing');

# A pooler gives each transaction another session, and takes none of its state along (DISCARD ALL).
my @sessions = map { $bank->background_psql('postgres', on_error_stop => 0) } 1 .. 2;
foreach my $i (10 .. 15)
{
	my $amount = $i % 3 == 0 ? 2000 : 1;

	$sessions[ $i % 2 ]->query("BEGIN; INSERT INTO payments VALUES ($i, 'p', $amount); COMMIT; DISCARD ALL");
	$sessions[ $i % 2 ]->{stderr} = '';
}
$_->quit foreach @sessions;
is( $bank->safe_psql('postgres', "$decisions WHERE key::int >= 10"),
	'10 inserted, 11 inserted, 12 rejected, 13 inserted, 14 inserted, 15 rejected', 'pooled: each has its decision');

# Logical replication

my $warehouse = PostgreSQL::Test::Cluster->new('warehouse');
$warehouse->init(allows_streaming => 'logical');
$warehouse->start;
$warehouse->safe_psql('postgres', $setup);
$bank->safe_psql('postgres', q{SELECT pg_create_logical_replication_slot('decoded', 'pgoutput');
	CREATE PUBLICATION payments FOR TABLE payments WITH (publish = 'insert');
	CREATE PUBLICATION everything FOR ALL TABLES});
my $source = $bank->connstr . ' dbname=postgres';
$warehouse->safe_psql('postgres',
	"CREATE SUBSCRIPTION payments CONNECTION '$source' PUBLICATION payments WITH (copy_data = false)");
$bank->safe_psql('postgres', q{ALTER TABLE payments DISABLE TRIGGER fraud_guard; INSERT INTO payments VALUES (20, 'd', 2000);
	SELECT fraud_guard('payments', model => '', key => 'id')});
$bank->wait_for_catchup('payments');
is($warehouse->safe_psql('postgres', 'SELECT id FROM payments'), 20, 'an apply worker inserts what is blocked here');
is($warehouse->safe_psql('postgres', 'SELECT count(*) FROM fraud.decision'), 0, 'for the guard does not fire');

is(sqlstate($bank, 'postgres', q{INSERT INTO payments VALUES (21, 'd', 2000)}), 'FD001', 'a row is rejected at its source');
$bank->safe_psql('postgres', q{INSERT INTO payments VALUES (22, 'd', 1)});
is( $bank->safe_psql(
		'postgres', q{SELECT count(*) FILTER (WHERE encode(data, 'escape') LIKE '%inserted%'),
		count(*) FILTER (WHERE encode(data, 'escape') LIKE '%rejected%') FROM pg_logical_slot_get_binary_changes('decoded', NULL, NULL,
		'proto_version', '1', 'publication_names', 'everything')}),
	'1|0', 'its decision is not in the stream, other than that of a row that was inserted');

$warehouse->safe_psql('postgres', q{ALTER TABLE payments ENABLE ALWAYS TRIGGER fraud_guard;
	SELECT fraud_guard('payments', model => '', key => 'id', on_block => 'quarantine')});
$bank->safe_psql('postgres', q{ALTER TABLE payments DISABLE TRIGGER fraud_guard;
	INSERT INTO payments VALUES (23, 'd', 2000), (24, 'd', 1)});
$bank->wait_for_catchup('payments');
is($warehouse->safe_psql('postgres', $decisions), '23 quarantined, 24 inserted', 'a guard that is enabled ALWAYS decides there');
is($warehouse->safe_psql('postgres', q{SELECT string_agg(id::text, ',' ORDER BY id) FROM payments}), '20,22,24', 'and holds what it blocks');

$warehouse->stop;
$bank->stop;
done_testing();
