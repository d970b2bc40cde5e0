# Models and labels survive pg_dump and restore: registry, history, labels and scores are the same,
# and promotion, rollback, training and labelling go on where they were (sequences, too).
use strict;
use warnings;

use FraudDetect;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('bank');
$node->init;
$node->append_conf('postgresql.conf', 'fsync = off');
$node->start;

# As plain SQL run by psql, with COPY and with INSERT, and in the custom format
# restored by two processes, which load tables in any order.
my %restore = (
	plain => sub {
		my ($from, $to, $file) = @_;
		$node->command_ok([ 'pg_dump', '--file', $file, $from ], 'plain: pg_dump');
		$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $to, '-f', $file ],
			'plain: psql');
	},
	inserts => sub {
		my ($from, $to, $file) = @_;
		$node->command_ok([ 'pg_dump', '--inserts', '--file', $file, $from ], 'inserts: pg_dump');
		$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-d', $to, '-f', $file ],
			'inserts: psql');
	},
	custom => sub {
		my ($from, $to, $file) = @_;
		$node->command_ok([ 'pg_dump', '-Fc', '--file', $file, $from ], 'custom: pg_dump');
		$node->command_ok([ 'pg_restore', '--exit-on-error', '-j', '2', '-d', $to, $file ],
			'custom: pg_restore');
	});
my %schema = (plain => 'public', inserts => 'public', custom => 'tools');

foreach my $format (sort keys %restore)
{
	my ($from, $to, $schema) = ("${format}_from", "${format}_to", $schema{$format});

	$node->safe_psql('postgres', "CREATE DATABASE $from");
	$node->safe_psql('postgres', "CREATE DATABASE $to TEMPLATE template0");
	create_transactions($node, $from, $schema);
	is(train($node, $from, 'card_fraud', $_, $schema), $_, "$format: version $_") foreach 1 .. 3;
	is(train($node, $from, 'wire_fraud', 2, $schema), 1, "$format: another model");
	$node->safe_psql($from, "SELECT $schema.fraud_promote('card_fraud', 2)");
	$node->safe_psql($from, "SELECT $schema.fraud_drop_version('card_fraud', 3)");
	$node->safe_psql($from, "SELECT $schema.fraud_set_alias('wire_fraud', 'challenger', 1)");

	# Labels of three roles and times; those of a table that is gone have nowhere to go.
	$node->safe_psql($from, qq{
		CREATE TABLE "Gone" (id int);
		SELECT $schema.fraud_label('"Gone"', '1', true);
		DROP TABLE "Gone";
		CREATE ROLE ${format}_labeller;
		GRANT EXECUTE ON FUNCTION $schema.fraud_label TO ${format}_labeller;
		GRANT INSERT, SELECT ON fraud.label TO ${format}_labeller;
		GRANT USAGE ON SEQUENCE fraud.label_id_seq TO ${format}_labeller;
		GRANT SELECT ON transactions TO ${format}_labeller;
		GRANT USAGE ON SCHEMA $schema TO ${format}_labeller;
		SET ROLE ${format}_labeller;
		SELECT $schema.fraud_label('transactions', '1', true, known_at => '2020-02-01');
		SELECT $schema.fraud_label('transactions', '1', false, known_at => '2020-03-01', note => E'won\\tit');
		SELECT $schema.fraud_label('transactions', '2', true, 'analyst')});

	$restore{$format}->($from, $to, "$PostgreSQL::Test::Utils::tmp_check/$format.dump");

	is($node->safe_psql($to, 'SELECT count(*), max(label_id) FROM fraud.label'), '3|4', "$format: labels are there, those of a dropped table are not");
	$node->safe_psql($from, q{ALTER TABLE fraud.label DISABLE TRIGGER label_is_immutable;
		DELETE FROM fraud.label WHERE label_id = 1});
	is(registry($node, $to), registry($node, $from), "$format: the registry is the same");
	foreach my $arguments (", 'card_fraud'", ", 'card_fraud', 1", ", 'wire_fraud'")
	{
		is( $node->safe_psql($to, scores($schema, $arguments)),
			$node->safe_psql($from, scores($schema, $arguments)),
			"$format: the scores are the same$arguments");
	}

	is($node->safe_psql($to, "SELECT version FROM $schema.fraud_rollback('card_fraud')"),
		1, "$format: rollback knows the history");
	is(train($node, $to, 'card_fraud', 4, $schema),
		4, "$format: training goes on, and the number of a dropped version stays unused");
	is(train($node, $to, 'new_fraud', 4, $schema), 1, "$format: a new model");
	is( $node->safe_psql($to,
			"SELECT version, previous_version FROM $schema.fraud_promote('card_fraud', 4)"),
		'4|1',
		"$format: promotion goes on");
	is( $node->safe_psql($from, "SELECT version FROM fraud.alias JOIN fraud.model USING (model_id) "
			  . "WHERE name = 'card_fraud' AND alias = 'champion'"),
		2,
		"$format: the other database has not noticed");
	is( sqlstate($node, $to, 'UPDATE fraud.model_version SET rows = 0'),
		'55000', "$format: versions are immutable there, too");
	is( sqlstate($node, $to, 'DELETE FROM fraud.label'),
		'55000', "$format: and so are labels");
	is( $node->safe_psql($to, "SELECT $schema.fraud_label('transactions', '3', true)"),
		5, "$format: labelling goes on");
	is( $node->safe_psql($to, "SELECT string_agg(key || is_fraud, ',' ORDER BY key) FROM $schema.fraud_labels('transactions')"),
		'1false,3true', "$format: the latest chargebacks are known");
}

$node->stop;
done_testing();
