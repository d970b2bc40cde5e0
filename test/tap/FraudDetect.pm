# FraudDetect.pm
#	What the TAP tests share: a server with transactions and the extension,
#	short trainings, and the SQLSTATE of a statement that fails.
package FraudDetect;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;

our @EXPORT = qw(create_transactions train scores sqlstate registry);

# Creates the extension in a schema of a database, and 4000 transactions.
sub create_transactions
{
	my ($node, $database, $schema) = @_;

	$schema = 'public' unless defined $schema;
	$node->safe_psql(
		$database, qq{
		CREATE SCHEMA IF NOT EXISTS $schema;
		CREATE EXTENSION fraud_detect SCHEMA $schema;
		CREATE TABLE transactions AS
		SELECT * FROM $schema.fraud_generate(4000, seed => 7, fraud_rate => 0.02)});
	return;
}

# The statement of a training that takes a moment only; returns a row of fraud_train.
sub training
{
	my ($model, $depth, $schema) = @_;

	return "SELECT * FROM $schema.fraud_train('$model', 'public.transactions', event_time => 'tx_time', "
	  . qq{params => '{"rounds": 5, "threads": 1, "max_depth": $depth}')};
}

# Trains the next version of a model and returns its number. Another depth gives another model.
sub train
{
	my ($node, $database, $model, $depth, $schema) = @_;

	$schema = 'public' unless defined $schema;
	return $node->safe_psql($database,
		'SELECT version FROM (' . training($model, $depth, $schema) . ') AS trained');
}

# A digest of all scores, bit for bit.
sub scores
{
	my ($schema, $arguments) = @_;

	$schema = 'public' unless defined $schema;
	$arguments = '' unless defined $arguments;
	return "SELECT md5(string_agg(float8send($schema.fraud_score(t$arguments))::text, ',' "
	  . 'ORDER BY transaction_id)) FROM public.transactions AS t';
}

# The SQLSTATE that a script fails with, or 'none'.
sub sqlstate
{
	my ($node, $database, $sql, %options) = @_;
	my ($stdout, $stderr) = ('', '');
	my $code = $node->psql(
		$database, $sql,
		stdout => \$stdout,
		stderr => \$stderr,
		extra_params => [ '-v', 'VERBOSITY=sqlstate', defined $options{role} ? ('-U', $options{role}) : () ]);

	return 'none' if $code == 0;
	return $stderr =~ /ERROR:\s+(\w{5})/ ? $1 : $stderr;
}

# Everything that the registry holds, as text, table by table.
sub registry
{
	my ($node, $database) = @_;
	my $tables = $node->safe_psql($database,
		q{SELECT c.oid::regclass FROM pg_class c
		  WHERE relnamespace = 'fraud'::regnamespace AND relkind = 'r' ORDER BY 1});

	return join "\n", map {
		"$_:\n" . $node->safe_psql($database, "SELECT r::text FROM $_ AS r ORDER BY r::text COLLATE \"C\"")
	} split /\n/, $tables;
}

1;
