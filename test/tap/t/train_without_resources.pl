# A training that the system gives no more threads or memory fails with an error;
# the session lives and trains when there is enough again.
use strict;
use warnings;

use FraudDetect;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

plan skip_all => 'no prlimit, or no /proc' if !-r '/proc/self/status' || system('prlimit --version > /dev/null') != 0;

my $node = PostgreSQL::Test::Cluster->new('bank');
$node->init;
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION fraud_detect;
	CREATE TABLE transactions AS SELECT * FROM fraud_generate(20000, fraud_rate => 0.02)});

# Bounds the address space of the session's backend, from outside: psql runs the program.
sub leave_kilobytes
{
	my ($kilobytes) = @_;

	return q|\! prlimit --pid $BACKEND --as=$(( ($(awk '/VmSize/ { print $2 }' /proc/$BACKEND/status)|
	  . " + $kilobytes) * 1024 )):unlimited\n";
}
my $unlimited = '\! prlimit --pid $BACKEND --as=unlimited:unlimited' . "\n";

sub training
{
	my ($threads, $depth) = @_;

	return q{SELECT version FROM fraud_train('card_fraud', 'transactions', }
	  . qq|params => '{"rounds": 3, "threads": $threads, "max_depth": $depth}');\n|;
}
# The SQLSTATEs of a script's errors, and what it prints.
sub outcome
{
	my ($script) = @_;
	my ($out, $err) = ('', '');

	my $begin = "SELECT pg_backend_pid() AS pid \\gset\n\\setenv BACKEND :pid\nSET client_min_messages = error;\n";

	$node->psql('postgres', $begin . $script, stdout => \$out, stderr => \$err,
		on_error_stop => 0, extra_params => [ '-v', 'VERBOSITY=sqlstate' ]);
	return ($err, $out);
}

# A thread takes a stack of some megabytes; training with one thread fits into what is left.
my ($err, $out) = outcome(training(1, 3) . leave_kilobytes(6 * 1024) . training(8, 3) . $unlimited . training(2, 3));
like($err, qr/ERROR:\s+53000$/, 'no threads');
is($out, "1\n2", '... and the session trains on');

# At every stage, whichever it is that asks for too much.
foreach my $megabytes (0 .. 9)
{
	($err, $out) = outcome(training(1, 3) . leave_kilobytes(1024 * $megabytes) . training(1, 14) . $unlimited
		  . "SELECT 'lives';\n");
	like($err, qr/^(psql:<stdin>:\d+: ERROR:\s+(53200|FD007)\n?)?$/, "$megabytes MB: 53200 or FD007, or it is enough");
	like($out, qr/^lives$/m, '... and the session lives');
}

is($node->safe_psql('postgres', 'SELECT count(*) FROM fraud.model_version AS v WHERE NOT EXISTS '
	  . '(SELECT FROM fraud.run AS r WHERE r.model_id = v.model_id AND r.version = v.version)'),
	'0', 'what is registered is complete');
$node->stop('fast');
unlike(slurp_file($node->logfile), qr/terminated by signal|libgomp/, 'no process has crashed');
done_testing();
