# What a training takes at its peak is what it was estimated to take before it
# began: not more, and not so much less that trainings are refused for nothing.
use strict;
use warnings;

use FraudDetect;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# Makes VmHWM anew; Linux has it since 4.0.
plan skip_all => '/proc/PID/clear_refs cannot be written here' unless -w '/proc/self/clear_refs';

my $node = PostgreSQL::Test::Cluster->new('bank');
$node->init;
$node->append_conf('postgresql.conf', 'jit = off');
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION fraud_detect');

# Expressions of a column; # is its number.
my $different = 'sin(i * #.5)';
my $some_null = 'CASE WHEN hashint4(i + #) % 20 <> 0 THEN sin(i * #.5) END';

# A training on rows that are made as they are read, so that no table fills the shared buffers; labels are
# noise, of which trees grow to their full size.
sub training
{
	my ($rows, $features, $value, $params) = @_;
	my $columns = join(', ', map { (my $column = "$value AS f#") =~ s/#/$_/g; $column } 1 .. $features);

	return "SELECT fraud_train('memory', \$\$ SELECT $columns, hashint4(i * 3) % 5 = 0 AS is_fraud "
	  . "FROM (SELECT generate_series(1, $rows) AS i) AS r \$\$, params => "
	  . qq|'{"rounds": 3, "early_stopping_rounds": 0, "threads": 1$params}')|;
}

# Resident memory of a process at its highest since the last reset, in MB.
sub highest
{
	my ($pid) = @_;

	return $1 / 1024 if slurp_file("/proc/$pid/status") =~ /^VmHWM:\s*(\d+)/m;
	die 'no VmHWM';
}

# How far it rises in a session that has loaded what a training needs.
sub peak
{
	my ($training) = @_;
	my $session = $node->background_psql('postgres', on_error_stop => 1);
	my $pid = $session->query_safe('SELECT pg_backend_pid()');

	$session->query_safe(training(1000, 5, $different, '') . ';');
	append_to_file("/proc/$pid/clear_refs", '5');
	my $before = highest($pid);
	$session->query_safe("$training;");
	my $peak = highest($pid) - $before;
	$session->quit;
	return $peak;
}

# What the refusal says, with the largest part; reading the rows alone stays below the limit.
sub estimate
{
	my ($training, $limit) = @_;
	my ($out, $err) = ('', '');

	$node->psql('postgres', "SET fraud_detect.max_training_memory = '${limit}MB'; $training;",
		stdout => \$out, stderr => \$err);
	$err =~ /would need about (\d+) MB.*Largest parts: ([\w ]+?) [\d.]+ MB/s or die "not refused: $err";
	return ($1, $2);
}

# Sizes are those of XGBoost 1.7. Later versions do not copy histograms; sketches of many bins took a tenth more in 3.3.
sub bounds
{
	my $version = $node->safe_psql('postgres', q{SELECT libraries->>'xgboost' FROM fraud.model_version LIMIT 1});
	return $version =~ /^1\./ ? (1, 2.5) : (0.85, 5);
}

foreach my $case (
	[ 'many columns', 'histograms', 5000, 300, $different, '' ],
	[ 'few different values', 'quantile sketches', 5000, 300, 'hashint4(i + #) % 10', '' ],
	[ 'many leaves', 'histograms', 20000, 60, $different, ', "max_depth": 8' ],
	[ 'many bins', 'quantile sketches', 20000, 60, $different, ', "max_bin": 2048, "max_depth": 2' ],
	[ 'NULLs', 'index of the values', 120000, 30, $some_null, ', "max_depth": 3, "max_bin": 64' ])
{
	my ($name, $largest, $rows, $features, $value, $params) = @$case;
	my $training = training($rows, $features, $value, $params);
	my ($estimate, $part) = estimate($training, 1 + int($rows / 30000 + $features / 60));
	my $peak = peak($training);
	my ($least, $most) = bounds();

	is($part, $largest, "$name: $largest are told to be the largest part");
	cmp_ok($estimate, '>=', $least * $peak, sprintf('... and the estimate is not below the peak (%d and %.0f MB)', $estimate, $peak));
	cmp_ok($estimate, '<=', $most * $peak, '... nor far above it');
}

$node->stop;
done_testing();
