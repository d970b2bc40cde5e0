# Sets of features survive pg_dump and restore: the view, its definition's identity, the rates; and
# models trained with them score rows of the table as before. A hot standby computes them, too.
use strict;
use warnings;

use FraudDetect;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('bank');
$node->init(allows_streaming => 1);
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

my $define = q{
	CREATE FUNCTION public.cents(numeric) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 100';
	CREATE INDEX ON transactions (card_id, tx_time);
	CREATE INDEX ON transactions (card_id, merchant_id, tx_time);
	CREATE INDEX ON transactions (merchant_id, tx_time);
	ALTER TABLE transactions ADD gone int;
	ALTER TABLE transactions DROP gone;
	ALTER TABLE transactions ADD "Order" numeric DEFAULT 1;
	SELECT tools.fraud_define_features('Set of "all"', 'transactions', 'tx_time', '[
	  {"name":"night","expression":"extract(hour from tx_time) <= 6"},
	  {"name":"n","per":"card_id","aggregate":"count","window":"1 day","filter":"amount > 5"},
	  {"name":"Sum","per":"card_id","aggregate":"sum","value":"public.cents(amount)","window":"7 days"},
	  {"name":"shops","per":"card_id","aggregate":"distinct","value":"merchant_id","window":"7 days"},
	  {"name":"order","per":"card_id","aggregate":"max","value":"Order","window":"7 days"},
	  {"name":"new","per":["card_id","merchant_id"],"aggregate":"first_seen"},
	  {"name":"risk","per":"merchant_id","aggregate":"fraud_rate","label":"is_fraud","window":"30 days","delay":"7 days","prior":20},
	  {"name":"reported","per":"merchant_id","aggregate":"fraud_rate","label_sources":["chargeback"],"window":"30 days","delay":"0","prior":20}]',
	  key => 'transaction_id')};
my $train = q{SELECT version FROM tools.fraud_train('beh', 'SELECT * FROM fraud_features."Set of ""all"""',
	event_time => 'tx_time', features => '{night,n,Sum,shops,new,risk,reported,amount,channel}', params => '{"rounds": 5}')};
my $skew = q{SELECT sum(compared), sum(different) FROM tools.fraud_skew_check('Set of "all"', 300)};

sub digest
{
	my ($node, $database) = @_;

	return $node->safe_psql($database,
		q{SELECT md5(string_agg(f::text, ',' ORDER BY transaction_id)) FROM fraud_features."Set of ""all""" AS f});
}

$node->safe_psql('postgres', 'CREATE DATABASE source');
create_transactions($node, 'source', 'tools');
$node->safe_psql('source', q{SELECT count(tools.fraud_label('transactions', transaction_id::text, true,
	known_at => least(label_time, now()))) FROM transactions WHERE label_time IS NOT NULL});
$node->safe_psql('source', $define);
is($node->safe_psql('source', $train), 1, 'trained on the view');
is($node->safe_psql('source', $skew), '2400|0', 'no skew');
is( $node->safe_psql('source', scores('tools')),
	$node->safe_psql('source', q{SELECT md5(string_agg(float8send(tools.fraud_score(t))::text, ',' ORDER BY transaction_id))
		FROM fraud_features."Set of ""all""" AS t}),
	'rows of the table have the scores of the view');

foreach my $format (qw(plain custom))
{
	my $file = "$PostgreSQL::Test::Utils::tmp_check/$format.dump";

	$node->safe_psql('postgres', "CREATE DATABASE $format TEMPLATE template0");
	if ($format eq 'plain')
	{
		$node->command_ok([ 'pg_dump', '--file', $file, 'source' ], 'plain: pg_dump');
		$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $format, '-f', $file ], 'plain: psql');
	}
	else
	{
		$node->command_ok([ 'pg_dump', '-Fc', '--file', $file, 'source' ], 'custom: pg_dump');
		$node->command_ok([ 'pg_restore', '--exit-on-error', '-j', '2', '-d', $format, $file ], 'custom: pg_restore');
	}
	is(registry($node, $format), registry($node, 'source'), "$format: the registry is the same");
	is(digest($node, $format), digest($node, 'source'), "$format: the view gives the same");
	is( $node->safe_psql($format, scores('tools')),
		$node->safe_psql('source', scores('tools')), "$format: the scores are the same");
	is($node->safe_psql($format, $skew), '2400|0', "$format: no skew");
	is( sqlstate($node, $format, q{SELECT tools.fraud_drop_features('Set of "all"')}),
		'2BP01', "$format: a set in use stays");
	is($node->safe_psql($format, $train), 2, "$format: training goes on");
	$node->safe_psql($format, 'ALTER TABLE transactions RENAME TO payments; ALTER TABLE payments RENAME amount TO "Amount"');
	is($node->safe_psql($format, $skew), '2400|0', "$format: no skew after a rename");
}

$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby, 'replay', $node->lsn('insert'));
is($standby->safe_psql('source', $skew), '2400|0', 'no skew on a standby');
is( $standby->safe_psql('source', scores('tools')),
	$node->safe_psql('source', scores('tools')), 'a standby gives the same scores');

$standby->stop;
$node->stop;
done_testing();
