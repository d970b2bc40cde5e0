# A card number that is refused is in no message and not in the server's log, however it came, and
# no decision has it.
use strict;
use warnings;

use FraudDetect;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $number = '4111111111111111';
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
# The server's defaults log the statement of an error; the parameters are the most that they can.
$node->append_conf('postgresql.conf', "log_statement = none\nlog_parameter_max_length_on_error = -1\nlog_error_verbosity = verbose");
$node->start;
$node->safe_psql(
	'postgres', q{
	CREATE EXTENSION fraud_detect;
	CREATE TABLE payments (id int, card text);
	CREATE TABLE found (id int, card text);
	CREATE TABLE documents (id int, card json);
	SELECT fraud_guard('documents', model => '', key => 'id', options => '{"entities": {"card": "card"}}');
	INSERT INTO found SELECT 1, '4111' || repeat('1', 12);
	SELECT fraud_guard('payments', model => '', key => 'id', options => '{"entities": {"card": "card"}}');
});

for (
	[ 'INSERT', "INSERT INTO payments VALUES (1, '$number')" ],
	[ 'many rows', "INSERT INTO payments VALUES (1, 'token'), (2, '$number')" ],
	[ 'a prepared statement', "PREPARE p(text) AS INSERT INTO payments VALUES (1, \$1); EXECUTE p('$number')" ],
	[ 'COPY', "COPY payments FROM STDIN;\n1\t$number\n\\.\n" ],
	[ 'PL/pgSQL', "DO \$\$ BEGIN INSERT INTO payments VALUES (1, '$number'); END \$\$" ],
	[ 'fraud_decide', "SELECT fraud_decide(ROW(1, '$number')::payments)" ],
	[ 'fraud_list_add', "SELECT fraud_list_add('stolen', 'card', '$number', 'block')" ],
	[ 'a note', "SELECT fraud_list_add('stolen', 'card', 'token', 'block', note => '$number')" ],
	[ 'fraud_rule', "SELECT fraud_rule('payments', 'stolen', 'card = ''$number''', 'block')" ],
	[ 'fraud_label', "SELECT fraud_label('payments', '$number', true)" ],
	[ 'a note of a label', "SELECT fraud_label('payments', '1', true, note => 'disputed: $number')" ],
	[ 'a document', "INSERT INTO documents VALUES (1, '{\"card\": \"$number\"}')" ],
	[ 'fraud_guard', q{SELECT fraud_guard('found', model => '', options => '{"entities": {"card": "card"}}')} ])
{
	my ($way, $statement) = @$_;
	my ($result, $stdout, $stderr) = $node->psql('postgres', "\\set VERBOSITY verbose\n$statement");

	like($stderr, qr/FD010/, "$way: a card number is refused");
	unlike("$stdout$stderr", qr/$number/, "$way: and not repeated");
}
my $log = slurp_file($node->logfile);
is(scalar(() = $log =~ /ERROR:\s+FD010/g), 13, 'the log has each refusal');
unlike($log, qr/$number/, 'and no card number');
is($node->safe_psql('postgres', "SELECT count(*) FROM fraud.decision d WHERE d::text LIKE '%$number%'"), 0, 'nor has a decision');

done_testing();
