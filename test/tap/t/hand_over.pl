# What workers hand over by files is gone when their query is cancelled, its session ended, or the server has crashed,
# while a worker still works: one group has been handed over, and waits in front of another.
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('bank');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nmax_files_per_process = 64\n");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION fraud_detect;
	CREATE TABLE amount AS SELECT i % 2 AS part, (i::bigint * 7919 % 100003)::float8 AS value, i % 3 = 1 AS is_current FROM generate_series(1, 100000) AS i;
	ANALYZE amount;
	-- A worker waits here for a lock of somebody else.
	CREATE FUNCTION waits(value float8) RETURNS float8 LANGUAGE plpgsql PARALLEL SAFE COST 100000 AS $$
	BEGIN
	  PERFORM pg_advisory_xact_lock_shared(1);
	  RETURN value;
	END $$;
});

my $query = q{SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
	SET parallel_leader_participation = off; SET max_parallel_workers_per_gather = 2; SET enable_hashagg = off;
	SELECT part, fraud_psi(CASE WHEN part = 1 THEN waits(value) ELSE value END, is_current) FROM amount GROUP BY part ORDER BY part;};
my $files = q{SELECT count(*) FROM pg_ls_dir('base/pgsql_tmp', true, false) AS set,
	pg_ls_dir('base/pgsql_tmp/' || set, true, false) WHERE set LIKE '%.fileset'};
my $directories = q{SELECT count(*) = 0 FROM pg_ls_dir('base/pgsql_tmp', true, false) AS set WHERE set LIKE '%.fileset'};
my $waiting = q{SELECT pid FROM pg_stat_activity WHERE wait_event = 'advisory' AND backend_type = 'parallel worker' ORDER BY pid};
my $leaders = q{SELECT DISTINCT leader_pid FROM pg_stat_activity WHERE wait_event = 'advisory' AND backend_type = 'parallel worker'};

# A session whose workers have handed the first group over and wait, and the one that they wait for.
sub handing_over
{
	my $holder = $node->background_psql('postgres');
	my $session = $node->background_psql('postgres', on_error_stop => 0);

	$holder->query_safe('SELECT pg_advisory_lock(1)');
	$session->{stdin} .= "\\echo begun\n$query\n\\echo done\n";
	pump_until($session->{run}, $session->{timeout}, \$session->{stdout}, qr/begun/);
	$node->poll_query_until('postgres', "SELECT count(*) > 0 FROM ($waiting) AS w") or die 'no worker waits';
	return ($holder, $session);
}

sub no_directory
{
	my ($name) = @_;

	ok($node->poll_query_until('postgres', $directories), "$name: no directory is left");
}

my ($holder, $session) = handing_over();
cmp_ok($node->safe_psql('postgres', $files), '>', 0, 'there are files while workers wait');
$holder->quit;
pump_until($session->{run}, $session->{timeout}, \$session->{stdout}, qr/done/);
like($session->{stdout}, qr/^0\|.*\n1\|/m, 'both groups come');
is($node->safe_psql('postgres', $directories), 't', 'and no directory is left');
$session->quit;

($holder, $session) = handing_over();
$node->safe_psql('postgres', "SELECT pg_cancel_backend(leader_pid) FROM ($leaders) AS l");
pump_until($session->{run}, $session->{timeout}, \$session->{stdout}, qr/done/);
no_directory('cancelled');
$_->quit foreach $holder, $session;

($holder, $session) = handing_over();
$node->safe_psql('postgres', "SELECT pg_terminate_backend(leader_pid) FROM ($leaders) AS l");
no_directory('terminated');
$session->{run}->kill_kill;
$holder->quit;

($holder, $session) = handing_over();
kill 'KILL', $node->safe_psql('postgres', "SELECT min(pid) FROM ($waiting) AS w");
$_->{run}->kill_kill foreach $holder, $session;
ok($node->poll_query_until('postgres', 'SELECT NOT pg_is_in_recovery()'), 'the server recovers from a worker that was killed');
no_directory('crashed');

# A transaction that fails because too many files are open: nothing that looks for files fails again.
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION file_fdw;
	CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
	CREATE TABLE many (i int) PARTITION BY LIST (i);
	COPY (SELECT 1) TO '} . $node->data_dir . q{/one.csv';
	DO $$
	BEGIN
	  FOR i IN 1 .. 100 LOOP
	    EXECUTE format('CREATE FOREIGN TABLE many_%s PARTITION OF many FOR VALUES IN (%s) SERVER files OPTIONS (filename %L)',
	      i, i, '} . $node->data_dir . q{/one.csv');
	  END LOOP;
	END $$;
});
$query =~ s/waits\(value\)/value/;
my ($result, $stdout, $stderr) = $node->psql('postgres', "$query SELECT count(*) FROM many; SELECT 'alive'", on_error_stop => 0);
like($stderr, qr/exceeded maxAllocatedDescs/, 'too many files are open');
like($stdout, qr/alive/, 'which is an error of the query, and no more');

$node->stop;
done_testing();
