# A training that is cancelled at any moment, by statement_timeout or by another
# session, registers nothing, keeps no memory and no file, and the session trains
# and scores on; so does one whose scoring is cancelled. Threads that XGBoost leaves behind take no signal of the backend.
use strict;
use warnings;

use FraudDetect;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('bank');
$node->init;
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION fraud_detect;
	CREATE TABLE transactions AS SELECT * FROM fraud_generate(20000, fraud_rate => 0.02)});

# A training that ends only by being cancelled.
sub endless
{
	my ($threads, $more) = @_;

	return "SELECT fraud_train('card_fraud', 'transactions'$more, "
	  . qq|params => '{"rounds": 100000, "early_stopping_rounds": 0, "threads": $threads}');\n|;
}

my $private = q{SELECT 'private kB', substring(pg_read_file('/proc/' || pg_backend_pid() || '/status')
	FROM 'RssAnon:\s*(\d+)');} . "\n";

# One session: cancelled at many moments, from the parser to the boosting loop and inside XGBoost.
my $script = "SET client_min_messages = error;\n";
my @moments = (1 .. 20, map { 5 * $_ } 5 .. 40);
my $n = 0;
my $forest = q|SELECT fraud_train('card_fraud', 'transactions', algorithm => 'random_forest',
	params => '{"num_parallel_tree": 10000}');| . "\n";
foreach my $moment (@moments)
{
	my $leafwise = $n % 3 == 1 ? q{, algorithm => 'xgboost_leafwise'} : '';

	$script .= "SET statement_timeout = $moment;\n" . ($n % 3 == 2 ? $forest : endless(1, $leafwise));
	# What the first few leave is the session's: caches, libraries, the allocator's own.
	$script .= "SET statement_timeout = 0;\n$private" if ++$n == 28 || $n == @moments;
}
$script .= <<'SQL';
SET statement_timeout = 0;
SELECT 'registered', count(*) FROM fraud.model;
SELECT 'files', count(*) FROM pg_ls_tmpdir();
SELECT 'trained', version FROM fraud_train('card_fraud', 'transactions', params => '{"rounds": 3}');
SELECT 'scored', count(fraud_score(t)) FROM transactions AS t;
SQL
my ($out, $err) = ('', '');
$node->psql('postgres', $script, stdout => \$out, stderr => \$err, on_error_stop => 0,
	extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);
my @states = $err =~ /ERROR:\s+(\w{5})/g;
is(scalar(@states), scalar(@moments), 'every one was cancelled');
is(scalar(grep { $_ ne '57014' } @states), 0, '... and fails with 57014');
like($out, qr/^registered\|0$/m, 'nothing is registered');
like($out, qr/^files\|0$/m, 'no temporary file is left');
like($out, qr/^trained\|1$/m, 'the session trains');
like($out, qr/^scored\|20000$/m, '... and scores');
SKIP:
{
	my @private = $out =~ /^private kB\|(\d+)$/mg;
	skip 'no /proc', 1 if @private != 2;
	cmp_ok($private[1] - $private[0], '<', 16 * 1024, "no memory is kept ($private[0] kB, then $private[1] kB)");
}

# In a failed transaction block memory is free before its ROLLBACK.
my $block = $node->background_psql('postgres', on_error_stop => 0);
my $block_pid = $block->query_safe('SELECT pg_backend_pid()');
$block->query_safe('BEGIN');
$block->query_safe('SET LOCAL statement_timeout = 1500');
$block->query(endless(1, ''));
my $log_offset = -s $node->logfile;
$node->safe_psql('postgres', "SELECT pg_log_backend_memory_contexts($block_pid)");
$node->wait_for_log(qr/Grand total:/, $log_offset);
my $contexts = slurp_file($node->logfile, $log_offset);
unlike($contexts, qr/fraud_detect/, 'a failed block keeps no context of a training');
unlike($contexts, qr/SPI Proc: \d{6,} total/, '... and nothing large of SPI');
like($block->query('SELECT 1') . $block->{stderr}, qr/current transaction is aborted/, '... though it has not ended');
$block->{run}->kill_kill;

# What a training took goes back to the system with its end: an idle session is small.
$script = "SET client_min_messages = error;\n"
  . q|SELECT fraud_train('small', 'transactions', params => '{"rounds": 2}');| . "\n$private"
  . q|SELECT fraud_train('deep', 'SELECT i % 50 = 0 AS is_fraud, sin(i) AS a, sin(i * 2) AS b, sin(i * 3) AS c,
	sin(i * 5) AS d, sin(i * 7) AS e, sin(i * 11) AS f, sin(i * 13) AS g, sin(i * 17) AS h FROM generate_series(1, 100000) AS i', params => '{"rounds": 2, "max_depth": 11}');|
  . "\n$private";
($out, $err) = ('', '');
$node->psql('postgres', $script, stdout => \$out, stderr => \$err);
SKIP:
{
	my @private = $out =~ /^private kB\|(\d+)$/mg;
	skip 'no /proc', 1 if @private != 2;
	cmp_ok($private[1] - $private[0], '<', 1536, "memory is given back ($private[0] kB, then $private[1] kB)");
}

# Cancelled and caught inside one transaction.
is( $node->safe_psql(
		'postgres', q{
		SET client_min_messages = error;
		CREATE FUNCTION cancelled(moment int) RETURNS text LANGUAGE plpgsql AS $$
		BEGIN
		  PERFORM pg_sleep(0);
		  PERFORM fraud_train('caught', format('SELECT *, 1 / (CASE WHEN transaction_id = %s THEN 0 ELSE 1 END) AS one '
		    'FROM transactions', moment), params => '{"rounds": 3}');
		  RETURN 'trained';
		EXCEPTION WHEN division_by_zero THEN RETURN SQLSTATE;
		END $$;
		SELECT string_agg(DISTINCT cancelled(moment), ',') FROM generate_series(1, 20000, 999) AS moment}),
	'22012', 'errors while reading are caught');
is($node->safe_psql('postgres', q{SELECT count(*) FROM fraud.model WHERE name = 'caught'}), '0', '... and register nothing');

# After training with two threads the backend takes its signals itself.
$script = "SET client_min_messages = error;\n"
  . q{SELECT fraud_train('threads', 'transactions', params => '{"rounds": 3, "threads": 2}');} . "\n"
  . "SET statement_timeout = 2;\n" . "SELECT pg_sleep(10);\n" x 200
  . "SET statement_timeout = 0;\nSELECT 'alive';\n";
($out, $err) = ('', '');
$node->psql('postgres', $script, stdout => \$out, stderr => \$err, on_error_stop => 0,
	extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);
@states = $err =~ /ERROR:\s+(\w{5})/g;
is(scalar(grep { $_ eq '57014' } @states), 200, 'two hundred timeouts after a training with threads');
like($out, qr/^alive$/m, '... and the backend lives');

# Scoring and evaluation at any moment, too: of loading the model (nothing is cached), of reading, of resampling.
$script = "SET client_min_messages = error;\nSET fraud_detect.model = 'card_fraud';\nSET fraud_detect.model_cache_size = 0;\n";
foreach my $moment (1 .. 30)
{
	$script .= "SET statement_timeout = $moment;\n"
	  . "SELECT sum(fraud_score(t)) FROM transactions AS t, generate_series(1, 1000000);\n"
	  . "SELECT count(*) FROM fraud_score_table('SELECT t.* FROM transactions AS t, generate_series(1, 1000000)') AS s (score float8);\n"
	  . "SELECT count(*) FROM fraud_evaluate('card_fraud', 'SELECT * FROM transactions LIMIT 300', bootstrap => 10000);\n"
	  . "SELECT sum(fraud_margin(t, version => 1)) FROM transactions AS t, generate_series(1, 1000000);\n";
}
$script .= <<'SQL';
SET statement_timeout = 0;
SELECT 'kept', count(*) FROM pg_backend_memory_contexts WHERE name IN ('fraud_detect model', 'fraud_detect model load');
SELECT 'files', count(*) FROM pg_ls_tmpdir();
SELECT 'scored', count(fraud_score(t)) FROM transactions AS t;
SQL
($out, $err) = ('', '');
$node->psql('postgres', $script, stdout => \$out, stderr => \$err, on_error_stop => 0,
	extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);
@states = $err =~ /ERROR:\s+(\w{5})/g;
cmp_ok(scalar(@states), '>=', 90, 'scorings are cancelled at many moments');
is(scalar(grep { $_ ne '57014' } @states), 0, '... and fail with 57014');
like($out, qr/^kept\|0$/m, '... no model stays in use');
like($out, qr/^files\|0$/m, '... no temporary file is left');
like($out, qr/^scored\|20000$/m, '... and the session scores on');

# Ctrl-C, which is a cancel request from another process, while XGBoost runs on two threads.
my $session = $node->background_psql('postgres', on_error_stop => 0);
$session->query_safe('SET fraud_detect.progress = on');
$session->{stdin} .= endless(2, '');
pump_until($session->{run}, $session->{timeout}, \$session->{stderr}, qr/NOTICE.*round/);
is( $node->safe_psql('postgres', q{SELECT pg_cancel_backend(pid) FROM pg_stat_activity
	WHERE query LIKE '%fraud_train%' AND pid <> pg_backend_pid()}), 't', 'a cancel is sent');
pump_until($session->{run}, $session->{timeout}, \$session->{stderr}, qr/ERROR.*canceling statement due to user request/);
like($session->{stderr}, qr/canceling statement due to user request/, '... and obeyed');
$session->{run}->kill_kill;

$node->stop('fast');
done_testing();
